# The second half of ./quickstart, once all is built: publish, serve, read back by /blob and /readv, compare, stop.
"""Run by ./quickstart. Exit code 0 when every file came back right."""
import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.parse

import read_back
from seekfs_process import Daemon, DaemonFailed, clean_environment, write_config

NAMESPACE = "quickstart"
SHOWN = 10


def say(topic, text):
    print(f"  {topic:<10} {text}", flush=True)


def human_bytes(count):
    for unit in ("bytes", "KB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:,.1f} {unit}" if unit != "bytes" else f"{count} bytes"
        count /= 1000
    return ""


class Quickstart:
    def __init__(self, arguments):
        self.directory, self.bin, self.keep = arguments.directory, arguments.bin, arguments.keep
        # Each directory has its own store, so that a second run on it publishes only what changed.
        name = hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:12]
        self.work = os.path.join(arguments.work, name)
        self.store = os.path.join(self.work, "store")
        self.config = os.path.join(self.work, "seekfs.toml")
        self.daemon = Daemon(os.path.join(self.bin, "seekfsd"), self.config, os.path.join(self.work, "seekfsd.log"))

    def prepare(self):
        os.makedirs(self.store, exist_ok=True)
        write_config(self.config, {
            "store.type": "fs", "store.path": self.store, "cache.l2.backend": "none",
            "manifest.cache_path": os.path.join(self.work, "manifests"), "api.listen": "127.0.0.1:0", "log.level": "warning",
        })

    def hash_originals(self):
        files = read_back.find_files(self.directory)
        needed, free = sum(file.size for file in files), shutil.disk_usage(self.work).free
        already = os.path.isdir(os.path.join(self.store, "namespaces"))
        say("originals", f"{len(files):,} files, {human_bytes(needed)} below {self.directory}")
        if not already and needed * 1.05 > free:
            sys.exit(f"quickstart: the store needs {human_bytes(needed)}, {self.work} has {human_bytes(free)} free: give a smaller DIR")
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
        print(f"  {'':<20} {'files':>9} {'bytes':>12} {'seconds':>9} {'MB/s':>8} {'files/s':>9} {'origin GETs':>12}")
        wrong = []
        for name, how in (("/blob, cold", read_back.blob_part), ("/blob, warm", read_back.blob_part),
                          ("/readv, warm", read_back.readv_part)):
            gets = self.origin_gets()
            outcome = read_back.read_all(how, self.daemon.address, NAMESPACE, files)
            gets = self.origin_gets() - gets
            seconds = max(outcome.seconds, 1e-9)
            print(f"  {name:<20} {outcome.files:>9,} {human_bytes(outcome.bytes):>12} {outcome.seconds:>9.2f} "
                  f"{outcome.bytes / seconds / 1e6:>8,.0f} {outcome.files / seconds:>9,.0f} {gets:>12,.0f}", flush=True)
            wrong += [f"{name}: {text}" for text in outcome.wrong]
            if outcome.files < len(files) and not outcome.wrong:
                wrong.append(f"{name}: {len(files) - outcome.files} files did not come back")
        return wrong

    def origin_gets(self):
        return self.daemon.metric("seekfs_origin_requests_total", op="get")

    def show_curl(self, files):
        file = min((file for file in files if 0 < file.size <= 4096), key=lambda file: len(file.path), default=files[0])
        path = urllib.parse.quote(file.path)
        body = json.dumps([{"path": file.path, "off": 0, "len": min(file.size, 16)}], ensure_ascii=False).replace("'", "'\\''")
        print("\n  Try it" + (":" if self.keep else " (with --keep, which leaves the daemon running):"))
        print(f"    curl '{self.daemon.url}/files?ns={NAMESPACE}&limit=5'")
        print(f"    curl '{self.daemon.url}/blob?ns={NAMESPACE}&path={path}'")
        print(f"    curl '{self.daemon.url}/readv?ns={NAMESPACE}' -d '{body}'")

    def run(self):
        self.prepare()
        files = self.hash_originals()
        if not files:
            sys.exit(f"quickstart: there are no files below {self.directory}")
        self.publish()
        self.daemon.start()
        stays = False
        try:
            say("serve", f"{self.daemon.url} (pid {self.daemon.process.pid}, store {self.store})")
            wrong = self.read_back(files)
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
        if stays:
            print(f"\n  The daemon runs on; stop it with: kill {self.daemon.process.pid}")
        return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True, help="where the programs lie")
    parser.add_argument("--work", required=True, help="where stores, logs and configuration go")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("directory")
    try:
        return Quickstart(parser.parse_args()).run()
    except DaemonFailed as error:
        sys.exit(f"quickstart: {error}")
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
