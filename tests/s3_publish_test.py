#!/usr/bin/env python3
# Whole-program test: publishing objects that other tools put into a bucket of a real S3 server (versitygw), and what holds
# for them afterwards: versions, verify, gc. --server minio runs it on MinIO.
import argparse
import gzip
import json
import os
import sys

import harness
from harness import PAGE, blob, oracle, wait_until
from s3_client import S3Client
from s3_server import ACCESS_KEY, BUCKET, SECRET_KEY, S3Server

OPTIONS = argparse.Namespace(server="versitygw")


class S3PublishTest(harness.NodeTest):
    def setUp(self):
        super().setUp()
        self.server = S3Server(OPTIONS.server, os.path.join(self.node.directory, "s3"), versioning=True)
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

    def entries(self, version):
        """Path to entry, of the manifest in the bucket."""
        _, body = self.bucket.call("GET", f"namespaces/{harness.NS}/manifests/v-{version}.json.gz")
        return {entry["path"]: entry for entry in json.loads(gzip.decompress(body))["files"]}

    def test_a_versioned_bucket_keeps_what_was_published(self):
        self.bucket.put("raw/older", oracle("older", 1000))
        self.bucket.enable_versioning()
        self.files["older"] = oracle("older", 1000)
        self.put({"kept": oracle("kept", PAGE + 1), "gone": oracle("gone", 10 << 20), "twice": oracle("twice", 5, version=0)})
        self.put({"twice": oracle("twice", 5)})
        self.assertEqual(self.adopt()["version"], 1)
        self.publish({"uploaded": oracle("uploaded", 3000)})
        pinned = self.entries(2)
        for path in ("kept", "gone", "twice", "uploaded"):
            self.assertTrue(pinned[path]["storage"].get("version_id"), path)

        self.bucket.put("raw/kept", b"other bytes")
        self.bucket.put("raw/twice", oracle("twice", 5, version=2))
        self.bucket.delete("raw/gone")
        self.bucket.put(pinned["uploaded"]["storage"]["key"], b"overwritten by a careless tool")
        self.node.start()
        for path in self.files:
            self.assert_blob(path)
        direct = self.node.ctl("--direct", "get", f"seekfs://{harness.NS}/gone", os.path.join(self.node.directory, "gone"))
        self.assertEqual(direct.returncode, 0, direct.stderr)
        for level in ("head", "sample=100%", "full"):
            (report,) = self.ctl("verify", harness.NS, "--level", level)
            self.assertTrue(report["good"], level)

        # The next version has what is in the bucket then.
        self.assertEqual(self.adopt()["changed"], 2)
        self.assertEqual(self.entries(3)["gone"], pinned["gone"])

    def test_without_versions_an_overwritten_object_is_told_and_never_served(self):
        self.put({"same/size": oracle("same/size", PAGE), "larger": oracle("larger", 100), "fine": oracle("fine", 100)})
        self.adopt()
        self.assertIsNone(self.entries(1)["fine"]["storage"].get("version_id"))
        self.bucket.put("raw/same/size", oracle("same/size", PAGE, version=2))
        self.bucket.put("raw/larger", oracle("larger", 100) + b"more")
        self.node.start()
        for path in ("same/size", "larger"):
            told = self.assert_problem(self.get(blob(path)), 502, "source_changed")
            self.assertIn("raw/" + path, told["detail"])
        self.assert_blob("fine")

    def test_a_replaced_object_is_served_once_it_is_published(self):
        self.put({"a": oracle("a", PAGE), "b": oracle("b", PAGE)})
        self.adopt()
        self.node.configure(manifest__ttl="1s")
        self.node.start()
        self.assert_blob("a")
        self.put({"a": oracle("a", PAGE, version=2), "b": oracle("b", PAGE + 5, version=2)})
        self.assert_problem(self.get(blob("b")), 502, "source_changed")  # not published yet
        self.assertEqual(self.adopt()["version"], 2)
        # HEAD may have been read a moment ago because of the object; then it is due within the manifest TTL.
        self.assertTrue(wait_until(lambda: self.get(blob("b")).status == 200))
        for path in self.files:
            self.assert_blob(path)
        self.assert_problem(self.get(blob("b", version=1)), 502, "source_changed")

    def test_a_version_published_behind_the_daemons_back_is_found_through_its_object(self):
        self.put({"a": oracle("a", PAGE), "b": oracle("b", PAGE)})
        self.adopt()
        self.node.configure(manifest__ttl="1h")
        self.node.start()
        self.assert_blob("a")
        self.put({"b": oracle("b", PAGE + 5, version=2)})
        self.adopt()
        self.assert_blob("a")
        self.assert_blob("b")

    def mismatches(self, level):
        """Path to kind of mismatch, as verify with this level says."""
        *found, report = self.ctl("verify", harness.NS, "--level", level, code=3)
        self.assertFalse(report["good"])
        self.assertEqual(report["bad_files"], len(found))
        return {one["path"]: one["mismatch"] for one in found}

    def test_verify_tells_what_is_missing_or_other(self):
        sizes = {"fine": PAGE, "missing": 100, "other": 9 << 20, "shorter": 100, "empty": 0}
        self.put({name: oracle(name, size) for name, size in sizes.items()})
        self.adopt()
        for level in ("head", "sample=50%", "full"):
            (report,) = self.ctl("verify", harness.NS, "--level", level)
            self.assertTrue(report["good"], report)
        self.bucket.delete("raw/missing")
        self.bucket.put("raw/other", oracle("other", 9 << 20, version=2))
        self.bucket.put("raw/shorter", b"x")
        for level in ("head", "sample=100%", "full"):
            found = self.mismatches(level)
            self.assertEqual(set(found), {"missing", "other", "shorter"}, level)
            self.assertEqual((found["missing"], found["other"]), ("missing", "etag"), level)
        told = self.node.ctl("verify", harness.NS, "--level", "head")
        self.assertEqual(told.returncode, 3)
        self.assertIn("there is no object raw/missing", told.stdout)

    def test_verify_finds_bytes_that_changed_under_the_server(self):
        if OPTIONS.server != "versitygw":
            self.skipTest("objects are plain files in versitygw only")
        self.put({"a": oracle("a", 3 * PAGE)})
        self.adopt()
        with open(os.path.join(self.server.data, BUCKET, "raw", "a"), "r+b") as file:
            file.seek(PAGE + 5)
            file.write(b"other bytes")
        (report,) = self.ctl("verify", harness.NS, "--level", "head")
        self.assertTrue(report["good"])  # the server still tells the old ETag
        self.assertEqual(self.mismatches("sample=100%"), {"a": "page_crc"})
        self.assertEqual(self.mismatches("full"), {"a": "page_crc"})

    def test_gc_removes_what_no_version_reaches_and_nothing_that_was_adopted(self):
        self.put({"adopted": oracle("adopted", 1000)})
        self.adopt()
        self.publish({"uploaded": oracle("uploaded", 2000)})
        old = self.entries(2)["uploaded"]["storage"]["key"]
        self.publish({"uploaded": oracle("uploaded", 2000, version=2)}, "--delete", "adopted", "--max-delete", "1")
        del self.files["adopted"]
        flags = ("gc", harness.NS, "--keep-last", "1", "--keep-within", "0s", "--min-age", "1s")

        def is_old_enough():
            (report,) = self.ctl(*flags)
            return report["dropped_versions"] == [1, 2] and report["garbage_objects"] == 1

        self.assertTrue(wait_until(is_old_enough))
        self.assertTrue(self.bucket.exists(old))
        dry = self.ctl(*flags, "--list")
        self.assertIn(old, [line.get("key") for line in dry])
        (report,) = self.ctl(*flags, "--delete")
        self.assertEqual((report["removed_objects"], report["removed_bytes"], report["kept_versions"]), (1, 2000, [3]))
        self.assertFalse(self.bucket.exists(old))
        self.assertFalse(self.bucket.exists(f"namespaces/{harness.NS}/manifests/v-1.json.gz"))
        self.assertTrue(self.bucket.exists("raw/adopted"))
        (report,) = self.ctl("verify", harness.NS)
        self.assertTrue(report["good"])
        self.node.start()
        self.assert_blob("uploaded")

    def test_names_of_other_buckets_are_refused(self):
        told = self.node.ctl("publish", "s3://another/raw", "--ns", harness.NS)
        self.assertEqual(told.returncode, 2, told.stderr)
        self.assertIn(f"'{BUCKET}'", told.stderr)
        self.assertEqual(self.node.ctl("publish", f"s3://{BUCKET}/nothing", "--ns", harness.NS).returncode, 5)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--server", choices=["versitygw", "minio"], default="versitygw")
    OPTIONS, sys.argv[1:] = parser.parse_known_args()
    harness.main()
