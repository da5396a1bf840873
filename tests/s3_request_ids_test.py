#!/usr/bin/env python3
# Whole-program test: who asks a provider's support about a failed request needs its id: it is in the reader's problem
# document, in the daemon's log for every attempt, and in what seekfs-ctl says.
import harness
from fake_s3 import SECRET_KEY, FakeS3
from harness import PAGE, blob, oracle


class S3RequestIdsTest(harness.NodeTest):
    settings = {"log__level": "debug", "s3__retry_initial_backoff_ms": 1}

    def setUp(self):
        super().setUp()
        self.server = FakeS3()
        self.addCleanup(self.server.stop)
        self.node.configure(**self.server.settings())
        self.publish({"a": oracle("a", PAGE)})
        self.node.start()

    def ids(self, status):
        """Of the requests that the server answered with this status."""
        return [entry["request_id"] for entry in self.server.log() if entry["status"] == status]

    def daemon_log(self):
        with open(self.node.daemon.log, encoding="utf-8", errors="replace") as file:
            return file.read()

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
