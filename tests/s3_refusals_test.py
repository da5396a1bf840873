#!/usr/bin/env python3
# Whole-program test of an S3 that refuses requests: their ids, by which a provider's support finds them, are in the reader's
# problem document, in the daemon's log for every attempt, and in what seekfs-ctl says; one denied object harms no other.
import gzip
import json
import urllib.request

import harness
from fake_s3 import BUCKET, SECRET_KEY, FakeS3
from harness import PAGE, blob, oracle


class S3RefusalsTest(harness.NodeTest):
    settings = {"log__level": "debug", "s3__retry_initial_backoff_ms": 1}

    def setUp(self):
        super().setUp()
        self.server = FakeS3()
        self.addCleanup(self.server.stop)
        self.node.configure(**self.server.settings())
        self.publish({"a": oracle("a", PAGE), "b": oracle("b", 20 * PAGE)})
        self.node.start()

    def ids(self, status):
        """Of the requests that the server answered with this status."""
        return [entry["request_id"] for entry in self.server.log() if entry["status"] == status]

    def daemon_log(self):
        with open(self.node.daemon.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def object_of(self, path):
        """The key of the object that holds a published file."""
        url = f"{self.server.url}/{BUCKET}/namespaces/{harness.NS}/manifests/v-1.json.gz"
        with urllib.request.urlopen(url, timeout=60) as reply:
            manifest = json.loads(gzip.decompress(reply.read()))
        return next(entry["storage"]["key"] for entry in manifest["files"] if entry["path"] == path)

    def test_one_denied_object_harms_no_other(self):
        for fault, pages in (("access_denied", range(10)), ("kms_disabled", range(10, 20))):
            self.server.script({"fault": fault, "key_part": self.object_of("a")})
            for at in (page * PAGE for page in pages):
                self.assert_problem(self.get(blob("a")), 502, "origin_denied")
                self.assert_bytes(self.get(blob("b", off=at, len=10)), self.files["b"][at:at + 10])
        self.assertEqual(self.node.daemon.metric("seekfs_origin_breaker_open"), 0)

    def test_nothing_but_refusals_opens_no_breaker(self):
        self.assertEqual(self.get(f"/files?ns={harness.NS}").status, 200)
        self.server.script({"fault": "access_denied", "operations": ["get"]})
        for _ in range(100):
            self.assert_problem(self.get(blob("a")), 502, "origin_denied")
        self.assertEqual(self.node.daemon.metric("seekfs_origin_breaker_open"), 0)
        self.server.script()
        self.assert_blob("a")

    def test_a_refusal_names_its_request_to_the_reader_and_in_the_log(self):
        self.assertEqual(self.get(f"/files?ns={harness.NS}").status, 200)
        self.server.script({"fault": "access_denied", "operations": ["get"]})
        told = self.assert_problem(self.get(blob("a")), 502, "origin_denied")
        (request,) = self.ids(403)
        self.assertIn(f"request id {request}", told["detail"])
        self.assertIn("AccessDenied", told["detail"])
        self.assertIn(request, self.daemon_log())

    def test_every_attempt_is_in_the_log_and_the_last_one_in_the_error(self):
        self.assertEqual(self.get(f"/files?ns={harness.NS}").status, 200)
        self.server.script({"fault": "internal_error", "operations": ["get"]})
        told = self.assert_problem(self.get(blob("a")), 503, "origin_unavailable")
        requests = self.ids(500)
        self.assertEqual(len(requests), 3)
        log = self.daemon_log()
        for request in requests:
            self.assertIn(request, log)
        self.assertIn(requests[-1], told["detail"])

    def test_a_namespace_that_cannot_be_read_names_its_request(self):
        self.server.script({"fault": "access_denied", "operations": ["get"], "key_part": "/HEAD"})
        told = self.assert_problem(self.get(blob("a")), 502, "origin_denied")
        self.assertIn(self.ids(403)[-1], told["detail"])

    def test_the_tool_names_it_too(self):
        self.server.script({"fault": "access_denied", "operations": ["list"]})
        told = self.node.ctl("ns", "ls")
        self.assertNotEqual(told.returncode, 0)
        self.assertIn(self.ids(403)[-1], told.stderr)

    def tearDown(self):
        self.assertNotIn(SECRET_KEY, self.daemon_log())
        super().tearDown()


if __name__ == "__main__":
    harness.main()
