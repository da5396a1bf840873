#!/usr/bin/env python3
# Two publishers race for the same namespace on a real S3 server, again and again (--rounds): no version is lost or made
# twice, and the end holds what both have published. On MinIO: versitygw checks conditions, but not atomically.
import argparse
import gzip
import hashlib
import json
import os
import sys
import threading

import harness
from harness import NS, oracle
from s3_client import S3Client
from s3_server import ACCESS_KEY, BUCKET, SECRET_KEY, S3Server

CONFLICT = 4
ROUNDS = 5


class RaceTest(harness.NodeTest):
    def setUp(self):
        super().setUp()
        server = S3Server("minio", os.path.join(self.node.directory, "s3"))
        self.addCleanup(server.stop)
        server.start()
        self.node.configure(**{key.replace(".", "__"): value for key, value in server.settings().items()}, store__path="")
        self.bucket = S3Client(server.endpoint, BUCKET, ACCESS_KEY, SECRET_KEY)
        self.published = {}  # version → path → SHA-256 of what its publisher added
        self.conflicts = 0

    def ctl_json(self, *arguments):
        done = self.node.ctl("--json", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def source(self, name, files):
        """A directory with these files."""
        root = os.path.join(self.node.directory, name)
        for path, content in files.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "wb") as file:
                file.write(content)
        return root

    def race(self, sides):
        """Publishes each side's files at the same time; returns what each printed and its exit code."""
        done = [None] * len(sides)
        start = threading.Barrier(len(sides))

        def publish(index, root):
            start.wait()
            done[index] = self.node.ctl("--json", "publish", root, "--ns", NS, "--no-hash-cache")

        roots = [self.source(f"round-{len(self.published)}-{self.conflicts}-{index}", files) for index, files in enumerate(sides)]
        threads = [threading.Thread(target=publish, args=(index, root)) for index, root in enumerate(roots)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return done

    def note(self, files, done):
        """What a publish that succeeded says of itself; True for a conflict."""
        if done.returncode == CONFLICT:
            self.conflicts += 1
            return True
        self.assertEqual(done.returncode, 0, done.stderr)
        version = json.loads(done.stdout)["version"]
        self.assertFalse(version in self.published, f"two publishers were told version {version}")
        self.published[version] = {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}
        return False

    def test_nothing_is_lost(self):
        for number in range(ROUNDS):
            # Their own files, one with the same content under the same name, and in odd rounds one that only one can have.
            common = {f"common/{number}": oracle(f"common/{number}", 1000)}
            sides = [{f"{side}/{number}": oracle(f"{side}/{number}", 5000), **common} for side in ("left", "right")]
            if number % 2:
                for side, files in enumerate(sides):
                    files["contested"] = oracle(f"contested/{number}", 100, version=side)
            refused = [self.note(files, done) for files, done in zip(sides, self.race(sides))]
            self.assertNotEqual(refused, [True, True], "a conflict means that somebody else was first")
            if number % 2 == 0:
                self.assertEqual(refused, [False, False], "changes of other paths are no conflict")
        self.check_the_end()
        print(f"{ROUNDS} rounds: {len(self.published)} versions, {self.conflicts} conflicts", file=sys.stderr)

    def check_the_end(self):
        listed = self.ctl_json("version", "ls", NS)
        numbers = [entry["version"] for entry in listed]
        self.assertEqual(len(numbers), len(set(numbers)), "a version is listed twice")
        self.assertLessEqual(set(self.published), set(numbers), "a version that was reported is not there")
        head = max(self.published)
        self.assertEqual([entry["version"] for entry in listed if entry.get("head")], [head])
        everything = {}
        for version, added in sorted(self.published.items()):
            everything.update(added)
            self.assertEqual(self.content(version), everything, f"version {version} is not all that was published until then")
        (report,) = self.ctl_json("verify", NS, "--level", "full")
        self.assertTrue(report["good"], report)

    def content(self, version):
        """Path to SHA-256, of the manifest in the bucket."""
        _, body = self.bucket.call("GET", f"namespaces/{NS}/manifests/v-{version}.json.gz")
        return {entry["path"]: entry["hash"].removeprefix("sha256:") for entry in json.loads(gzip.decompress(body))["files"]}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments, rest = parser.parse_known_args()
    ROUNDS = arguments.rounds
    sys.argv[1:] = rest
    harness.main()
