#!/usr/bin/env python3
# Whole-program test: publishing objects that other tools put into a bucket of a real S3 server (versitygw), and what holds
# for them afterwards: versions, verify, gc.
"""SEEKFS_TEST_S3=minio runs it on MinIO instead."""
import json
import os

import harness
from harness import PAGE, blob, oracle
from s3_client import S3Client
from s3_server import ACCESS_KEY, BUCKET, SECRET_KEY, S3Server

KIND = os.environ.get("SEEKFS_TEST_S3", "versitygw")


class S3PublishTest(harness.NodeTest):
    def setUp(self):
        super().setUp()
        self.server = S3Server(KIND, os.path.join(self.node.directory, "s3"), versioning=True)
        self.addCleanup(self.server.stop)
        self.server.start()
        self.node.configure(**{key.replace(".", "__"): value
                               for key, value in {**self.server.settings(), "store.path": ""}.items()})
        self.bucket = S3Client(self.server.endpoint, BUCKET, ACCESS_KEY, SECRET_KEY)

    def put(self, files, prefix="raw/"):
        """As another tool would; the data set's paths are the keys below the prefix."""
        for path, content in files.items():
            self.bucket.put(prefix + path, content)
        self.files.update(files)

    def ctl(self, *arguments, code=0):
        """What seekfs-ctl --json says, a value a line."""
        done = self.node.ctl("--json", *arguments)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def adopt(self, source=f"s3://{BUCKET}/raw", *flags):
        (report,) = self.ctl("publish", source, "--ns", harness.NS, *flags)
        return report

    def test_adopts_what_lies_in_the_bucket_without_a_copy(self):
        sizes = {"empty": 0, "one": 1, "dir/space and + = %.bin": 3 * PAGE + 17, "dir/ünïcode-日本.txt": PAGE, "large": 41 << 20}
        self.put({name: oracle(name, size) for name, size in sizes.items()})
        self.bucket.put("rawer", b"not below the prefix")
        report = self.adopt()
        self.assertEqual((report["version"], report["source_files"], report["hashed_bytes"], report["uploaded_objects"]),
                         (1, len(sizes), sum(sizes.values()), 0))
        self.assertEqual([key for key in self.bucket.keys("namespaces/") if "/objects/" in key], [])
        self.node.start()
        for name in self.files:
            self.assert_blob(name)
        again = self.adopt("s3:raw/")
        self.assertEqual((again["version"], again["hashed_files"]), (None, 0))

    def test_names_of_other_buckets_are_refused(self):
        told = self.node.ctl("publish", "s3://another/raw", "--ns", harness.NS)
        self.assertEqual(told.returncode, 2, told.stderr)
        self.assertIn(f"'{BUCKET}'", told.stderr)
        self.assertEqual(self.node.ctl("publish", f"s3://{BUCKET}/nothing", "--ns", harness.NS).returncode, 5)


if __name__ == "__main__":
    harness.main()
