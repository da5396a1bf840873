#!/usr/bin/env python3
# Whole-program test of kill -9: a daemon with its cache on disk is killed under load and started again, many times.
"""Each round: readers fill L2, the daemon is killed at a random moment and started on the same directories, and every file
is compared with the oracle. In some rounds the store is moved away: then every reply is right, or a clean error. In some
the cache is too small for the data, so that eviction runs. `--rounds N` (default 30) and `--seed S` choose how much and
what; a seed gives the same plan of rounds, though not the same moments."""
import argparse
import json
import os
import random
import subprocess
import sys
import threading
import time

import harness
from harness import PAGE, blob, oracle

OPTIONS = None
READERS = 6
SMALL, LARGE = 8 << 20, 512 << 20
FILES = {f"small/{n:03}": 100 + 977 * n for n in range(80)} | {f"mid-{n}.bin": 5 * PAGE + 1 + n for n in range(12)} | {
    "big.bin": 24 * PAGE + 17}
CLEAN_ERRORS = {"origin_unavailable", "timeout", "throttled"}


def disk_bytes(directory):
    """What the directory takes on disk with all that is in it; what vanishes meanwhile counts nothing."""
    total = 0
    for folder, _, names in os.walk(directory):
        for name in [".", *names]:
            try:
                total += os.lstat(os.path.join(folder, name)).st_blocks * 512
            except FileNotFoundError:
                pass
    return total


class Load:
    """Readers of random ranges until the daemon is gone; whatever they get must be right or a clean error."""

    def __init__(self, test, seed, store_is_there):
        self.test, self.store_is_there, self.wrong, self.good = test, store_is_there, [], 0
        self.readers = [threading.Thread(target=self.read, args=(random.Random(f"{seed}|{n}"),)) for n in range(READERS)]
        for reader in self.readers:
            reader.start()

    def read(self, dice):
        try:
            with self.test.node.daemon.connect() as connection:
                while True:
                    if dice.random() < 0.5:
                        self.one_blob(connection, dice)
                    else:
                        self.one_readv(connection, dice)
                    self.good += 1
        except (OSError, harness.ConnectionBroken):
            pass  # the daemon was killed; or it cut off a reply that it could not finish, which is clean too

    def a_range(self, dice):
        path = dice.choice(self.test.paths)
        size = FILES[path]
        off = dice.randrange(size)
        return path, off, min(size - off, dice.choice((1, 4096, PAGE, size)))

    def one_blob(self, connection, dice):
        path, off, length = self.a_range(dice)
        reply = connection.request("GET", blob(path, off=off, len=length))
        self.judge(reply, self.test.files[path][off:off + length], path)

    def one_readv(self, connection, dice):
        items = [self.a_range(dice) for _ in range(dice.randint(1, 20))]
        body = json.dumps([{"path": path, "off": off, "len": length} for path, off, length in items]).encode()
        reply = connection.request("POST", f"/readv?ns={harness.NS}", body)
        self.judge(reply, b"".join(self.test.files[path][off:off + length] for path, off, length in items), "readv")

    def judge(self, reply, expected, what):
        problem = self.test.problem_of(reply, expected, self.store_is_there)
        if problem:
            self.wrong.append(f"{what}: {problem}")

    def wait(self):
        for reader in self.readers:
            reader.join()
        self.test.assertEqual(self.wrong, [])


class Kill9Test(harness.NodeTest):
    # Seldom a HEAD, so that rounds without a store need none; L1 holds next to nothing, so that L2 is what is read.
    settings = {"manifest__ttl": "1h", "cache__l1_memory": "1MiB", "cache__l2__backend": "segmentstore", "log__level": "warning"}

    def setUp(self):
        super().setUp()
        self.paths = sorted(FILES)
        self.l2 = os.path.join(self.node.directory, "l2")
        self.capacity = LARGE
        self.node.configure(cache__l2__segment_path=self.l2, cache__l2__capacity=LARGE, cache__l2__segment_size="1MiB",
                            cache__l2__min_free="0%")
        self.publish({path: oracle(path, size) for path, size in FILES.items()})

    def problem_of(self, reply, expected, store_is_there):
        """What is wrong with a reply; None when it is right, or clean while there is no store."""
        if reply.status == 200:
            return None if reply.body == expected else f"{len(reply.body)} bytes that are not the oracle's"
        try:
            code = json.loads(reply.body)["code"]
        except (ValueError, KeyError):
            return f"status {reply.status} without a problem document"
        return None if code in CLEAN_ERRORS and not store_is_there else f"status {reply.status}, {code}"

    def compare_all(self, dice, store_is_there):
        """Every file, by /blob or by /readv; returns how many came back whole."""
        whole = 0
        connection = self.node.daemon.connect()
        try:
            for path in dice.sample(self.paths, len(self.paths)):
                content = self.files[path]
                try:
                    if dice.random() < 0.5:
                        reply = connection.request("GET", blob(path))
                    else:
                        body = json.dumps([{"path": path, "off": 0, "len": len(content)}]).encode()
                        reply = connection.request("POST", f"/readv?ns={harness.NS}", body)
                except harness.ConnectionBroken:
                    self.assertFalse(store_is_there, f"{path}: the reply was cut off")
                    connection.socket.close()
                    connection = self.node.daemon.connect()
                    continue
                self.assertIsNone(self.problem_of(reply, content, store_is_there), path)
                whole += reply.status == 200
        finally:
            connection.socket.close()
        return whole

    def check_size(self):
        self.assertLessEqual(disk_bytes(self.l2), self.capacity)

    def start(self, capacity, store_is_there):
        if os.path.exists(self.node.store) != store_is_there:
            names = (self.node.store, self.node.store + ".away")
            os.rename(*(reversed(names) if store_is_there else names))
        self.capacity = capacity
        self.node.configure(cache__l2__capacity=capacity)
        self.node.start()

    def one_round(self, dice):
        """Load, kill, start, compare."""
        small = dice.random() < 0.3
        away = dice.random() < 0.3
        self.start(SMALL if small else LARGE, True)
        load = Load(self, dice.getrandbits(64), True)
        time.sleep(dice.choice((0, 0.02, 0.1, 0.5, 1)) * dice.random())  # any moment is a good one
        self.check_size()
        self.node.kill()
        load.wait()
        self.check_size()
        self.start(self.capacity, not away)
        whole = self.compare_all(dice, not away)
        if not away:
            self.assertEqual(whole, len(self.paths))
        self.check_size()
        if dice.random() < 0.5:
            self.node.kill()
        else:
            self.assertEqual(self.node.stop(), 0)
        self.check_size()
        return whole if away and not small else None

    def test_rounds(self):
        self.rounds(OPTIONS.rounds)

    def test_rounds_with_the_index_in_rocksdb(self):
        self.node.configure(cache__l2__index="rocksdb")
        self.rounds(OPTIONS.rounds // 3)

    def test_rounds_with_blobdb(self):
        self.node.configure(cache__l2__backend="blobdb")
        self.rounds(OPTIONS.rounds // 3)

    def rounds(self, count):
        seed = OPTIONS.seed if OPTIONS.seed is not None else random.SystemRandom().getrandbits(32)
        began = time.monotonic()
        served_without_store = []
        for number in range(count):
            try:
                whole = self.one_round(random.Random(f"{seed}|{number}"))
            except Exception as error:
                raise AssertionError(f"round {number} of --seed {seed}") from error
            if whole is not None:
                served_without_store.append(whole)
        print(f"kill -9: seed {seed}, {count} rounds in {time.monotonic() - began:.0f} s; without a store, whole files of "
              f"{len(self.paths)}: {served_without_store}", file=sys.stderr)

    def test_what_was_written_before_the_kill_is_served_without_the_store(self):
        """kill -9 loses nothing that had reached the disk's cache: puts are written within moments of the read."""
        self.start(LARGE, True)
        dice = random.Random(1)
        self.compare_all(dice, True)
        pages = sum(max(1, -(-size // PAGE)) for size in FILES.values())
        self.assertTrue(harness.wait_until(lambda: self.node.daemon.metric("seekfs_index_entries") >= pages),
                        self.node.daemon.metric("seekfs_index_entries"))
        self.node.kill()
        self.start(LARGE, False)
        self.assertEqual(self.compare_all(dice, False), len(self.paths))
        self.assertEqual(self.node.daemon.metric("seekfs_origin_requests_total"), 0)

    def test_a_second_daemon_on_the_same_directory_names_the_first(self):
        self.start(LARGE, True)
        other = harness.Node(os.path.join(self.node.directory, "other"), cache__l2__backend="segmentstore",
                             cache__l2__segment_path=self.l2, cache__l2__capacity=LARGE)
        done = subprocess.run([os.path.join(harness.BIN, "seekfsd"), "--config", other.config], capture_output=True, text=True,
                              timeout=60, env=other.environment(), check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        self.assertIn(self.l2, done.stderr)
        self.assertIn(str(self.node.daemon.process.pid), done.stderr)
        self.assert_blob("big.bin")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seed", type=int)
    OPTIONS, sys.argv[1:] = parser.parse_known_args()
    harness.main()
