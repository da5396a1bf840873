# The second half of ./quickstart, once all is built: publish, serve, read back, compare; restart without the store; stop.
"""Run by ./quickstart. Exit code 0 when every file came back right."""
import argparse
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
import urllib.parse

import read_back
from s3_server import BUCKET, S3Server, ServerFailed
from seekfs_process import Daemon, DaemonFailed, clean_environment, write_config

NAMESPACE = "quickstart"
AWAY = ".away"
SHOWN = 10


def say(topic, text):
    print(f"  {topic:<10} {text}", flush=True)


def human_bytes(count):
    for unit in ("bytes", "KB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:,.1f} {unit}" if unit != "bytes" else f"{count} bytes"
        count /= 1000
    return ""


class DirectoryStore:
    """A local directory; away means moved aside."""

    def __init__(self, work):
        self.path = os.path.join(work, "store")
        self.taking_away = "the directory of the store is moved away"
        self.more_requests = "."

    def prepare(self):
        self.bring_back()  # an earlier run was interrupted
        os.makedirs(self.path, exist_ok=True)

    def describe(self):
        return self.path

    def processes(self):
        return []

    def has_data(self):
        return os.path.isdir(os.path.join(self.path, "namespaces"))

    def settings(self):
        return {"store.type": "fs", "store.path": self.path}

    def take_away(self):
        os.rename(self.path, self.path + AWAY)

    def bring_back(self):
        if os.path.isdir(self.path + AWAY) and not os.path.exists(self.path):
            os.rename(self.path + AWAY, self.path)

    def close(self):
        pass


class ServerStore:
    """A bucket of an S3 server on loopback; away means that the server does not run."""

    def __init__(self, kind, work):
        self.server = S3Server(kind, os.path.join(work, kind))
        self.taking_away = f"{kind} is stopped"
        self.more_requests = ", and a second GET where the first byte is late (5 % at most)."

    def prepare(self):
        self.server.start()
        self.port = self.server.state()["port"]

    def describe(self):
        return f"s3://{BUCKET} at {self.server.endpoint}, a {self.server.kind}"

    def processes(self):
        """Those that run when the daemon is kept."""
        return [self.server.state()["pid"]]

    def has_data(self):
        return bool(os.listdir(self.server.data))

    def settings(self):
        return self.server.settings()

    def take_away(self):
        self.server.stop()

    def bring_back(self):
        self.server.start(self.port)

    def close(self):
        self.server.stop()


class Quickstart:
    def __init__(self, arguments):
        self.directory, self.bin, self.keep = arguments.directory, arguments.bin, arguments.keep
        # Each directory has its own store, so that a second run on it publishes only what changed.
        name = hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:12]
        self.work = os.path.join(arguments.work, name)
        self.store = DirectoryStore(self.work) if arguments.store == "fs" else ServerStore(arguments.store, self.work)
        self.caches = [os.path.join(self.work, "l2"), os.path.join(self.work, "manifests")]
        self.config = os.path.join(self.work, "seekfs.toml")
        self.daemon = Daemon(os.path.join(self.bin, "seekfsd"), self.config, os.path.join(self.work, "seekfsd.log"))

    def prepare(self, files):
        """Directories and configuration, for these files."""
        needed = sum(file.size for file in files)
        l2, manifests = self.caches
        write_config(self.config, {
            **self.store.settings(), "manifest.cache_path": manifests, "cache.l2.segment_path": l2,
            # Room for everything, however full the disk is otherwise: the restart below is to miss nothing.
            "cache.l2.capacity": needed * 3 // 2 + (256 << 20), "cache.l2.min_free": "0%",
            # How long HEAD counts as fresh, restarts included: longer than all of this takes.
            "manifest.ttl": "1h", "api.listen": "127.0.0.1:0", "log.level": "warning",
        })

    def hash_originals(self):
        os.makedirs(self.work, exist_ok=True)
        self.store.prepare()
        # The first pass is to be cold, and to see what was published last.
        for cache in self.caches:
            shutil.rmtree(cache, ignore_errors=True)
        files = read_back.find_files(self.directory)
        size, free = sum(file.size for file in files), shutil.disk_usage(self.work).free
        already = self.store.has_data()
        say("originals", f"{len(files):,} files, {human_bytes(size)} below {self.directory}")
        needed = size * (1.2 if already else 2.3) + (256 << 20)
        if needed > free:
            sys.exit(f"quickstart: store and cache need {human_bytes(needed)}, {self.work} has {human_bytes(free)} free: give a smaller DIR")
        return read_back.hash_originals(self.directory, files)

    def publish(self):
        began = time.monotonic()
        command = [os.path.join(self.bin, "seekfs-ctl"), "--config", self.config, "--json", "publish", self.directory,
                   "--ns", NAMESPACE, "--symlinks", "skip", "--replace", "--max-delete", "100%",
                   "--hash-cache", os.path.join(self.work, "hashes")]
        done = subprocess.run(command, env=clean_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            sys.exit(f"\nquickstart: seekfs-ctl refused to publish {self.directory} (exit code {done.returncode}). Mend what it names "
                     f"above, or give another directory: ./quickstart DIR")
        report = json.loads(done.stdout)
        version = f"version {report['version']}" if report["version"] else f"version {report['parent']} holds all of it already"
        say("publish", f"{version}: {report['uploaded_objects']:,} objects uploaded, {human_bytes(report['uploaded_bytes'])} "
                       f"in {time.monotonic() - began:.1f} s; {report['skipped_symlinks']:,} symbolic links skipped")

    def read_back(self, files):
        """The passes, each as a row of the table; returns sentences about files that came back wrong."""
        print(f"\n  read back by {min(os.cpu_count() or 1, len(files) or 1)} processes that compare SHA-256 with the originals:\n")
        print(f"  {'':<20} {'files':>9} {'bytes':>12} {'seconds':>9} {'MB/s':>8} {'files/s':>9} {'origin requests':>16}")
        wrong = (self.one_pass("/blob, cold", read_back.blob_part, files) + self.one_pass("/blob, warm", read_back.blob_part, files)
                 + self.one_pass("/readv, warm", read_back.readv_part, files))
        print("\n  Origin requests are all that were made: HEAD, manifest, data" + self.store.more_requests)
        return wrong

    def one_pass(self, name, how, files):
        requests = self.origin_requests()
        outcome = read_back.read_all(how, self.daemon.address, NAMESPACE, files)
        requests = self.origin_requests() - requests
        seconds = max(outcome.seconds, 1e-9)
        print(f"  {name:<20} {outcome.files:>9,} {human_bytes(outcome.bytes):>12} {outcome.seconds:>9.2f} "
              f"{outcome.bytes / seconds / 1e6:>8,.0f} {outcome.files / seconds:>9,.0f} {requests:>16,.0f}", flush=True)
        wrong = [f"{name}: {text}" for text in outcome.wrong]
        if outcome.files < len(files) and not outcome.wrong:
            wrong.append(f"{name}: {len(files) - outcome.files} files did not come back")
        return wrong

    def origin_requests(self):
        """All that were ever made: HEAD, manifests and data, whatever the operation."""
        return self.daemon.metric("seekfs_origin_requests_total")

    def not_on_disk(self):
        """Paths of which the cache on disk lacks a part."""
        lacking, after = [], ""
        with self.daemon.connect() as connection:
            while after is not None:
                listed = json.loads(connection.request("GET", f"/cache/files?ns={NAMESPACE}&limit=10000&after={after}").body)
                lacking += [file["path"] for file in listed["files"] if file["l2_bytes"] < file["size"]]
                after = listed["next"]
        return lacking

    def settle(self):
        """Sees to it that the cache on disk has everything: pages are written behind the replies, and those that came faster
        than the disk took them were dropped; they are read once more."""
        before, lacking = None, self.not_on_disk()
        for _ in range(100):
            if not lacking:
                return
            if before == lacking:
                with self.daemon.connect() as connection:
                    for path in lacking[:1000]:
                        name = urllib.parse.quote(path)
                        connection.request("POST", f"/cache/drop?ns={NAMESPACE}&path={name}")
                        connection.request("GET", f"/blob?ns={NAMESPACE}&path={name}")
            time.sleep(0.2)
            before, lacking = lacking, self.not_on_disk()
        sys.exit(f"quickstart: the cache on disk did not take {len(lacking)} files; the log {self.daemon.log} may say why")

    def restart_without_the_store(self, files):
        """Stops the daemon, moves the store away, starts it again and reads everything; returns what went wrong."""
        self.settle()
        self.daemon.stop()
        self.store.take_away()
        try:
            print(f"\n  {self.store.taking_away} and the daemon started again:\n")
            self.daemon.start()
            wrong = self.one_pass("/blob, restarted", read_back.blob_part, files)
            requests, served = self.origin_requests(), self.daemon.metric("seekfs_served_bytes_total", source="l2")
        finally:
            self.store.bring_back()
        print(f"\n  Served from the cache on disk: {human_bytes(served)}. Requests to the store since the restart, HEAD and manifest "
              f"included: {requests:,.0f}.")
        if requests and not wrong:
            wrong.append(f"the store was asked {requests:,.0f} times while it was away")
        return wrong

    def show_curl(self, files):
        file = min((file for file in files if 0 < file.size <= 4096), key=lambda file: len(file.path), default=files[0])
        path = urllib.parse.quote(file.path)
        body = json.dumps([{"path": file.path, "off": 0, "len": min(file.size, 16)}], ensure_ascii=False).replace("'", "'\\''")
        tool = f"{shlex.quote(os.path.relpath(os.path.join(self.bin, 'seekfs-ctl')))} --config {shlex.quote(os.path.relpath(self.config))}"
        print("\n  Try it" + (":" if self.keep else " (with --keep, which leaves daemon and store running; the port is another one then):"))
        print(f"    curl '{self.daemon.url}/files?ns={NAMESPACE}&limit=5'")
        print(f"    curl '{self.daemon.url}/blob?ns={NAMESPACE}&path={path}'")
        print(f"    curl '{self.daemon.url}/readv?ns={NAMESPACE}' -d '{body}'")
        print(f"    {tool} --addr {self.daemon.url} ls seekfs://{NAMESPACE}/")
        print(f"    {tool} verify {NAMESPACE} --level head")

    def run(self):
        files = self.hash_originals()
        if not files:
            sys.exit(f"quickstart: there are no files below {self.directory}")
        self.prepare(files)
        self.publish()
        self.daemon.start()
        stays = False
        try:
            say("serve", f"{self.daemon.url} (pid {self.daemon.process.pid}, store: {self.store.describe()})")
            wrong = self.read_back(files) or self.restart_without_the_store(files)
            if wrong:
                print(f"\n  {len(wrong)} files came back WRONG:")
                print("".join(f"    {text}\n" for text in wrong[:SHOWN]) + ("    ...\n" if len(wrong) > SHOWN else ""))
                return 1
            print("\n  Every file came back right each time.")
            self.show_curl(files)
            stays = self.keep
        finally:
            if not stays:
                self.daemon.stop()
                self.store.close()
        if stays:
            pids = [self.daemon.process.pid, *self.store.processes()]
            what = "The daemon and its store run" if len(pids) > 1 else "The daemon runs"
            print(f"\n  {what} on; stop with: kill {' '.join(map(str, pids))}")
        return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True, help="where the programs lie")
    parser.add_argument("--work", required=True, help="where stores, logs and configuration go")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--store", default="fs", choices=["fs", "versitygw", "minio"])
    parser.add_argument("directory")
    quickstart = Quickstart(parser.parse_args())
    try:
        return quickstart.run()
    except (DaemonFailed, ServerFailed) as error:
        sys.exit(f"quickstart: {error}")
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
