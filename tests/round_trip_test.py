#!/usr/bin/env python3
# Whole-program tests of the main way: publish, serve, read by every door, publish again.
import json

import harness
from harness import PAGE, blob, oracle

NAMES = {
    "empty": 0,
    "one": 1,
    "page-1": PAGE - 1,
    "page": PAGE,
    "page+1": PAGE + 1,
    "deep/er/and deeper/ünïcödé/日本語 100%.bin": 3 * PAGE + 17,
    "plus+and&and=?#.txt": 4096,
    "big.bin": 20 * 1024 * 1024 + 5,
}


class RoundTripTest(harness.NodeTest):
    settings = {"manifest__ttl": "1s"}

    def setUp(self):
        super().setUp()
        self.publish({path: oracle(path, size) for path, size in NAMES.items()})
        self.node.start()

    def test_every_file_by_blob_cold_and_warm(self):
        for _ in range(2):
            for path in self.files:
                with self.subTest(path):
                    self.assert_blob(path)

    def test_warm_reads_ask_the_origin_nothing(self):
        for path in self.files:
            self.assert_blob(path)
        before = self.origin_gets()
        self.assertGreater(before, 0)
        for path in self.files:
            self.assert_blob(path)
        self.assertEqual(self.origin_gets(), before)

    def test_ranges_around_page_edges(self):
        path = "deep/er/and deeper/ünïcödé/日本語 100%.bin"
        content = self.files[path]
        edges = [0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, len(content) - 1, len(content)]
        for off in edges[:-1]:
            for length in (0, 1, PAGE - 1, PAGE, PAGE + 1, len(content), 2 * len(content)):
                with self.subTest(off=off, length=length):
                    self.assert_bytes(self.get(blob(path, off=off, len=length)), content[off:off + length])

    def test_a_range_that_starts_at_the_end_is_416(self):
        self.assert_problem(self.get(blob("one", off=1, len=1)), 416, "range_not_satisfiable")

    def test_readv_in_the_order_asked(self):
        items = [("big.bin", 5_000_000, 300_000), ("one", 0, 1), ("empty", 0, 0), ("page+1", PAGE, 1), ("big.bin", 0, 10),
                 ("big.bin", 5_000_000, 300_000)]
        body = json.dumps([{"path": path, "off": off, "len": length} for path, off, length in items]).encode()
        with self.node.daemon.connect() as connection:
            reply = connection.request("POST", f"/readv?ns={harness.NS}", body)
        self.assert_bytes(reply, b"".join(self.files[path][off:off + length] for path, off, length in items))

    def test_readv_with_one_range_outside_sends_nothing(self):
        body = json.dumps([{"path": "one", "off": 0, "len": 1}, {"path": "one", "off": 0, "len": 2}]).encode()
        with self.node.daemon.connect() as connection:
            told = self.assert_problem(connection.request("POST", f"/readv?ns={harness.NS}", body), 416, "range_not_satisfiable")
        self.assertEqual(told["index"], 1)

    def test_the_list_names_every_file(self):
        told = json.loads(self.get(f"/files?ns={harness.NS}&limit=1000").body)
        self.assertEqual({entry["path"]: entry["size"] for entry in told["files"]}, NAMES)

    def test_a_second_version_adds_to_the_first_and_pins_stay(self):
        new = oracle("one", 100, version=2)
        self.publish({"one": new, "another": b"new"})
        self.assertTrue(harness.wait_until(lambda: self.get(blob("another")).status == 200))
        self.assert_blob("one")
        self.assert_blob("big.bin")
        pinned = self.get(blob("one", version=1))
        self.assert_bytes(pinned, oracle("one", 1))
        self.assertEqual(pinned.headers["seekfs-version"], "v-1")
        self.assertEqual(self.get(blob("one")).headers["seekfs-version"], "v-2")

    def test_publishing_the_same_again_uploads_nothing(self):
        report = self.publish(dict(self.files))
        self.assertEqual((report["uploaded_objects"], report["added"], report["changed"], report["removed"]), (0, 0, 0, 0))

    def test_the_tools_read_through_the_daemon_and_the_store(self):
        for where in (("--addr", self.node.daemon.url), ("--direct",)):
            with self.subTest(where):
                done = self.node.ctl(*where, "cat", f"seekfs://{harness.NS}/page+1", "--off", str(PAGE - 1))
                self.assertEqual(done.returncode, 0, done.stderr)
                done = self.node.ctl(*where, "--json", "stat", f"seekfs://{harness.NS}/page+1")
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(json.loads(done.stdout.splitlines()[0])["size"], PAGE + 1)
                self.assertEqual(self.node.ctl(*where, "stat", f"seekfs://{harness.NS}/absent").returncode, 5)
        self.assertEqual(self.node.ctl("verify", harness.NS, "--level", "full").returncode, 0)


if __name__ == "__main__":
    harness.main()
