#!/usr/bin/env python3
# Whole-program test: publishing into and reading from a real S3 server (versitygw), and what readers get when it is away,
# refuses the credentials or has other bytes.
import os

import harness
from harness import PAGE, blob, oracle, wait_until
from s3_server import SECRET_KEY, S3Server

WRONG_SECRET = "not-the-secret-of-anybody-at-all"


class S3Test(harness.NodeTest):
    def setUp(self):
        super().setUp()
        self.server = S3Server("versitygw", os.path.join(self.node.directory, "s3"))
        self.addCleanup(self.server.stop)
        self.server.start()
        self.use({**self.server.settings(), "store.path": ""})

    def use(self, settings):
        self.node.configure(**{key.replace(".", "__"): value for key, value in settings.items()})

    def object_files(self):
        """The files in which the server keeps the data set's objects."""
        root = os.path.join(self.server.data, "seekfs", "namespaces", harness.NS, "objects")
        return [os.path.join(folder, name) for folder, _, names in os.walk(root) for name in names]

    def assert_no_secret(self, *texts):
        with open(self.node.daemon.log, encoding="utf-8", errors="replace") as file:
            texts += (file.read(),)
        for text in texts:
            self.assertNotIn(SECRET_KEY, text)
            self.assertNotIn(WRONG_SECRET, text)

    def test_publishes_verifies_and_serves(self):
        names = ["a", "dir/space and + = % ~ * &.bin", "dir/ünïcode-日本.txt", "dir/deep/er/x"]
        self.publish({name: oracle(name, size) for name, size in zip(names, (0, 1, 3 * PAGE + 17, PAGE))})
        second = self.publish({"b": oracle("b", 1000)}, "--message", "more")
        self.assertEqual(second["version"], 2)
        self.node.start()
        for name in self.files:
            self.assert_blob(name)
            self.assert_blob(name)
        checked = self.node.ctl("verify", harness.NS, "--level", "full")
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.assert_no_secret(checked.stdout, checked.stderr)

    def test_a_large_file_goes_up_in_parts(self):
        content = oracle("large", 70 << 20)
        self.publish({"large": content})
        self.node.start()
        self.assert_blob("large")

    def test_a_server_that_is_away_and_comes_back(self):
        self.publish({"cached": oracle("cached", PAGE), "other": oracle("other", PAGE)})
        self.node.start()
        self.assert_blob("cached")
        port = self.server.state()["port"]
        self.server.stop()
        self.assert_blob("cached")
        problem = self.assert_problem(self.get(blob("other")), 503, "origin_unavailable")
        self.assertTrue(problem["retryable"])
        self.server.start(port)
        self.assertTrue(wait_until(lambda: self.get(blob("other")).status == 200))
        self.assert_blob("other")

    def test_wrong_credentials_are_told_without_the_secret(self):
        self.publish({"a": oracle("a", 10)})
        self.node.configure(s3__secret_access_key=WRONG_SECRET)
        told = self.node.ctl("ns", "ls")
        self.assertEqual(told.returncode, 6, told.stderr)
        self.assertIn("SignatureDoesNotMatch", told.stderr)
        self.node.start()
        self.assertEqual(self.get(blob("a")).status, 502)
        self.assert_no_secret(told.stdout, told.stderr)

    def test_other_bytes_at_the_server_are_never_served(self):
        self.publish({"a": oracle("a", PAGE)})
        self.node.start()
        (path,) = self.object_files()
        with open(path, "r+b") as file:
            file.seek(1000)
            file.write(b"x" * 10)
        self.assertEqual(self.get(blob("a")).status, 502)

    def test_an_engine_that_is_not_built_is_an_error(self):
        self.node.configure(s3__engine="crt")
        told = self.node.ctl("ns", "ls")
        self.assertEqual(told.returncode, 2, told.stderr)
        self.assertIn("crt", told.stderr)


if __name__ == "__main__":
    harness.main()
