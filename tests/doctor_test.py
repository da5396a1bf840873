#!/usr/bin/env python3
# Whole-program test: seekfs-ctl doctor on a real S3 server (versitygw) and on a directory, in health and with each fault.
import contextlib
import email.utils
import http.server
import json
import os
import threading
import time

import harness
from harness import oracle
from s3_client import S3Client
from s3_server import ACCESS_KEY, BUCKET, SECRET_KEY, S3Server

S3_CHECKS = ["configuration", "connection", "clock", "credentials", "bucket", "range", "latency"]


class Skewed(http.server.BaseHTTPRequestHandler):
    """A server that refuses everything by a clock that is two hours ahead."""
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = b"<Error><Code>RequestTimeTooSkewed</Code><Message>too far off</Message></Error>"
        self.send_response_only(403)
        self.send_header("Date", email.utils.formatdate(time.time() + 7200, usegmt=True))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = answer

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def skewed_server():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Skewed)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class DoctorTest(harness.NodeTest):
    def doctor(self, code, *flags):
        """Runs it with --json; returns check → finding, in the order in which they came."""
        done = self.node.ctl("--json", "doctor", *flags)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        found = [json.loads(line) for line in done.stdout.splitlines()]
        for finding in found:
            self.assertIn(finding["status"], ("ok", "warn", "fail"))
            self.assertEqual("fix" in finding, finding["status"] != "ok", finding)
        return {finding["check"]: finding for finding in found}

    def assert_fails(self, found, check, seen, fix):
        """`check`, and no other, failed."""
        self.assertEqual([name for name, finding in found.items() if finding["status"] == "fail"], [check], found)
        self.assertIn(seen, found[check]["detail"])
        self.assertIn(fix, found[check]["fix"])


class S3DoctorTest(DoctorTest):
    def setUp(self):
        super().setUp()
        self.server = S3Server("versitygw", os.path.join(self.node.directory, "s3"))
        self.addCleanup(self.server.stop)
        self.server.start()
        self.node.configure(**{key.replace(".", "__"): value for key, value in self.server.settings().items()},
                            store__path="", store__prefix="team/")

    def objects(self):
        """All files and folders that the server keeps."""
        root = os.path.join(self.server.data, "seekfs")
        return sorted(os.path.join(folder, name) for folder, folders, files in os.walk(root) for name in folders + files)

    def test_all_is_well_and_nothing_is_left_behind(self):
        empty = self.doctor(0)
        self.assertEqual(list(empty)[:len(S3_CHECKS)], S3_CHECKS)
        self.assertIn("there is no object", empty["range"]["detail"])
        self.publish({"a": oracle("a", 100_000)})
        before = self.objects()
        found = self.doctor(0, "--write")
        self.assertEqual(list(found)[:len(S3_CHECKS) + 1], [*S3_CHECKS, "write"])
        for check in (*S3_CHECKS, "write"):
            self.assertIn(found[check]["status"], ("ok", "warn") if check == "latency" else ("ok",), found[check])
        self.assertIn("namespaces/demo/manifests/v-1", found["range"]["detail"])
        self.assertIn("configuration: access key id …", found["credentials"]["detail"])
        self.assertEqual(self.objects(), before)

    def test_nothing_is_left_in_a_versioned_bucket(self):
        self.server.stop()
        self.server.versioning = True
        self.server.start()
        self.node.configure(s3__endpoint=self.server.endpoint)
        bucket = S3Client(self.server.endpoint, BUCKET, ACCESS_KEY, SECRET_KEY)
        bucket.enable_versioning()
        bucket.put("team/a", b"ab")
        self.assertEqual(self.doctor(0, "--write")["write"]["detail"].split(";")[0], "put, read back and removed")
        _, listed = bucket.call("GET", "", [("prefix", "team/"), ("versions", "")])
        self.assertEqual((listed.count(b"<Version>"), listed.count(b"<DeleteMarker>")), (1, 0), listed)

    def test_text_for_people_has_no_colours_in_a_pipe(self):
        done = self.node.ctl("doctor")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        lines = done.stdout.splitlines()
        self.assertTrue(lines[0].startswith("ok    configuration  s3://seekfs at http://127.0.0.1:"), lines[0])
        self.assertIn("prefix team/", lines[0])
        self.assertNotIn("\033", done.stdout)

    def test_a_wrong_secret(self):
        self.node.configure(s3__secret_access_key="not-the-secret-of-anybody-at-all")
        self.assert_fails(self.doctor(6), "bucket", "SignatureDoesNotMatch", "secret access key")

    def test_a_bucket_that_is_not_there(self):
        self.node.configure(s3__bucket="elsewhere")
        self.assert_fails(self.doctor(6, "--write"), "bucket", "404 NoSuchBucket", "create the bucket")

    def test_a_server_that_is_down(self):
        self.server.stop()
        found = self.doctor(6, "--write")
        self.assert_fails(found, "connection", "127.0.0.1", "start the server")
        self.assertEqual(found["credentials"]["status"], "ok")
        self.assertNotIn("bucket", found)

    def test_no_credentials(self):
        self.node.configure(s3__access_key_id="", s3__secret_access_key="", s3__profile="nobody")
        self.assert_fails(self.doctor(6), "credentials", "there is no profile 'nobody'", "give credentials")

    def test_a_clock_that_is_wrong(self):
        with skewed_server() as url:
            self.node.configure(s3__endpoint=url)
            found = self.doctor(1)
        self.assertEqual(found["clock"]["status"], "fail")
        self.assertIn("behind the server's", found["clock"]["detail"])
        self.assertIn("set this machine's clock", found["bucket"]["fix"])

    def test_a_configuration_that_is_wrong(self):
        self.node.configure(s3__endpoint="ftp://127.0.0.1")
        found = self.doctor(2)
        self.assertEqual(list(found), ["configuration"])
        self.assertIn("s3.endpoint", found["configuration"]["detail"])

    def test_policies_name_the_bucket_and_the_prefix(self):
        for role, actions in (("reader", {"s3:GetObject"}), ("publisher", {"s3:GetObject", "s3:PutObject", "s3:DeleteObject"})):
            done = self.node.ctl("doctor", "--policy", role)
            self.assertEqual(done.returncode, 0, done.stderr)
            statements = json.loads(done.stdout)["Statement"]
            allowed = {action: statement["Resource"] for statement in statements for action in statement["Action"]}
            self.assertLessEqual(actions, set(allowed))
            self.assertEqual(allowed["s3:ListBucket"], ["arn:aws:s3:::seekfs"])
            self.assertEqual(allowed["s3:GetObject"], ["arn:aws:s3:::seekfs/team/*"])
        self.assertEqual(self.node.ctl("doctor", "--policy", "owner").returncode, 2)
        self.assertEqual(self.node.ctl("doctor", "--write", "--policy", "reader").returncode, 2)

    def test_no_secret_is_shown(self):
        done = self.node.ctl("doctor", "--write")
        self.assertNotIn(SECRET_KEY, done.stdout + done.stderr)


class DirectoryDoctorTest(DoctorTest):
    def test_a_store_in_a_directory(self):
        self.publish({"a": oracle("a", 100_000)})
        before = sorted(os.walk(self.node.store))
        found = self.doctor(0, "--write")
        self.assertEqual(list(found)[:5], ["configuration", "directory", "range", "latency", "write"])
        self.assertEqual(found["write"]["status"], "ok")
        self.assertEqual([entry for entry in sorted(os.walk(self.node.store)) if ".seekfs" not in entry[0]],
                         [entry for entry in before if ".seekfs" not in entry[0]])
        policy = self.node.ctl("doctor", "--policy", "reader")
        self.assertEqual(policy.returncode, 2, policy.stdout)

    def test_a_directory_that_is_no_store(self):
        self.assert_fails(self.doctor(6, "--write"), "directory", "is empty, without a .seekfs", "mount the disk")
        self.node.configure(store__path=os.path.join(self.node.directory, "nothing"))
        self.assert_fails(self.doctor(6), "directory", "nothing", "correct store.path")

    def test_directories_of_the_cache(self):
        self.publish({"a": oracle("a", 1000)})
        cache = os.path.join(self.node.directory, "l2")
        self.node.configure(cache__l2__backend="segmentstore", cache__l2__segment_path=cache, cache__l2__capacity="64MiB")
        found = self.doctor(0)
        self.assertEqual(found["cache"]["status"], "ok", found["cache"])
        self.assertIn("64", found["cache"]["detail"])
        self.assertFalse(os.path.exists(cache))
        self.node.configure(cache__l2__capacity="900TiB")
        found = self.doctor(0)
        self.assertEqual(found["cache"]["status"], "warn")
        self.assertIn("cache.l2.capacity", found["cache"]["fix"])


if __name__ == "__main__":
    harness.main()
