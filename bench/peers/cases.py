# What is read of every peer, and how one run of seekfs-bench becomes figures.
import dataclasses
import hashlib
import json
import os
import statistics
import time

from plain import Plain
from processes import Failed, run_to_end


# Of files that are opened for each read, so that fast programs go through them many times. Shards stay open for an epoch, and
# in a second pass over an open file a mount would not be asked: the kernel has its pages. They have one pass an epoch.
WARM_SECONDS = ("--warm-seconds", "0.5")


@dataclasses.dataclass(frozen=True)
class Case:
    """One workload, cold and maybe warm, on caches that are empty when it begins."""

    key: str
    arguments: tuple  # of seekfs-bench run
    warm_epochs: int = 0  # after the cold one
    seconds: int = 150  # after which it counts as failed

    def suits(self, _peer):
        return True


@dataclasses.dataclass(frozen=True)
class BatchCase(Case):
    """Many small files at once: /readv of SeekFS, and a plain client with as many requests in flight."""

    plain_arguments: tuple = ()

    def suits(self, peer):
        return peer.is_ours or isinstance(peer, Plain)


def cases_of(reads, batch):
    """The table's workloads. `reads`: of the random ones; `batch`: files in one of four /readv at a time."""
    return [Case("random", ("--workload", "random:64KiB", "--threads", "16", "--reads", str(reads)), warm_epochs=5),
            Case("sequential", ("--workload", "sequential:1MiB", "--threads", "1")),
            Case("small", ("--workload", "small", "--threads", "16", *WARM_SECONDS), warm_epochs=3),
            BatchCase("batch", ("--workload", f"readv:{batch}", "--threads", "4", *WARM_SECONDS), warm_epochs=3,
                      plain_arguments=("--workload", "small", "--threads", "64"))]


def figures(repetition):
    """One epoch of seekfs-bench's report in the units of the table."""
    reads, seconds = repetition["reads"], repetition["seconds"]
    return {"p50_ms": repetition["p50_seconds"] * 1e3, "p95_ms": repetition["p95_seconds"] * 1e3,
            "gets_per_read": repetition["origin_gets"] / reads, "origin_gets": repetition["origin_gets"],
            "amplification": repetition["origin_bytes"] / repetition["bytes"], "mb_per_second": repetition["bytes"] / seconds / 1e6,
            "files_per_second": repetition["files"] / seconds, "seconds": seconds}


def run_case(bed, peer, case):
    """Starts the peer with an empty cache, reads, stops it: {"cold": figures, "warm": figures or None}."""
    report = os.path.join(bed.work, "report.json")
    arguments = case.plain_arguments if isinstance(case, BatchCase) and isinstance(peer, Plain) else case.arguments
    epochs = 1 + (case.warm_epochs if peer.has_cache else 0)
    if case.key == "sequential":
        arguments += ("--reads", str(bed.size["shard_mib"]))
    try:
        with bed.interrupts.held_back():
            peer.start()
        bed.run("seekfs-bench", "run", peer.target(), "--ns", getattr(peer, "namespace", "bench"), *arguments, "--no-drop",
                "--verify", bed.verify, "--repetitions", "1", "--epochs", str(epochs), "--origin-metrics", bed.metrics_url, "--json", report,
                environment=peer.client_environment(), timeout=case.seconds)
    finally:
        with bed.interrupts.held_back():
            peer.stop()
    with open(report, encoding="utf-8") as file:
        told = [figures(each["repetitions"][0]) for each in json.load(file)["cases"]]
    return {"cold": told[0], "warm": median_of(told[1:]) if told[1:] else None}


def median_of(epochs):
    return {name: statistics.median(each[name] for each in epochs) for name in epochs[0]}


def curl_ranges(bed, ranges=16):
    """One shard by curl --parallel, a range a request: MB/s of the whole process, checked afterwards."""
    shard = os.path.join(bed.data, "shards", "shard-00000.bin")
    size = os.path.getsize(shard)
    folder = os.path.join("/dev/shm" if os.path.isdir("/dev/shm") else bed.work, f"seekfs-peers-{os.getpid()}")
    os.makedirs(folder)
    parts = [os.path.join(folder, f"{number:02d}") for number in range(ranges)]
    try:
        entries = [f'url = "{bed.endpoint}/{bed.bucket}/{bed.prefix}/shards/shard-00000.bin"\n'
                   f'range = "{size * number // ranges}-{size * (number + 1) // ranges - 1}"\noutput = "{part}"\nfail\n'
                   for number, part in enumerate(parts)]
        config = os.path.join(bed.work, "curl.config")
        with open(config, "w", encoding="ascii") as file:
            file.write("next\n".join(entries))
        began = time.monotonic()
        done = run_to_end(["curl", "--disable", "--silent", "--show-error", "--http1.1", "--parallel", "--parallel-immediate",
                           "--parallel-max", str(ranges), "--config", config], bed.plain_environment(), bed.interrupts, 100)
        seconds = time.monotonic() - began
        if done.returncode:
            raise Failed(f"curl: {done.stderr.strip()[-300:]}")
        if digest(parts) != digest([shard]):
            raise Failed("curl: the bytes are not those of the shard")
    finally:
        for part in parts:
            if os.path.exists(part):
                os.remove(part)
        os.rmdir(folder)
    return {"cold": {"mb_per_second": size / seconds / 1e6, "seconds": seconds}, "warm": None}


def digest(paths):
    """SHA-256 of files one behind the other."""
    total = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            while piece := file.read(1 << 20):
                total.update(piece)
    return total.hexdigest()
