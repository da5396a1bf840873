#!/usr/bin/env python3
# Whole-program tests of a store that goes away, lies, or is gone at a restart: right bytes or a clean error, and recovery.
import os

import harness
from harness import PAGE, blob, oracle

FILES = {"warm.bin": 3 * PAGE, "cold.bin": 2 * PAGE + 1, "small": 100}


class OriginFaultsTest(harness.NodeTest):
    # The short timeouts keep the tests quick; what is tested does not depend on them.
    settings = {"manifest__ttl": "1s"}

    def setUp(self):
        super().setUp()
        self.publish({path: oracle(path, size) for path, size in FILES.items()})

    def take_store_away(self):
        os.rename(self.node.store, self.node.store + ".away")

    def bring_store_back(self):
        os.rename(self.node.store + ".away", self.node.store)

    def damage(self, path, at):
        """Flips one bit of a published object; done twice, it is whole again."""
        name = self.node.object_of(path)
        os.chmod(name, 0o644)
        with open(name, "r+b") as file:
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(bytes([byte ^ 1]))

    def forget_etags(self):
        """Makes the manifest one that records no ETags, as other tools write it: then only the CRCs can tell."""
        def edit(manifest):
            for entry in manifest["files"]:
                entry["storage"].pop("etag", None)
        self.node.edit_manifest(edit)

    def test_store_gone_while_serving(self):
        self.node.start()
        self.assert_blob("warm.bin")
        self.take_store_away()
        for _ in range(3):
            self.assert_blob("warm.bin")
            told = self.assert_problem(self.get(blob("cold.bin")), 503, "origin_unavailable")
            self.assertTrue(told["retryable"], told)
        self.assertEqual(self.get("/healthz").status, 200)
        self.assertEqual(self.get("/readyz").status, 200)
        self.bring_store_back()
        self.assertTrue(harness.wait_until(lambda: self.get(blob("cold.bin")).status == 200))
        self.assert_blob("cold.bin")
        self.assert_blob("warm.bin")

    def test_a_restart_without_origin_serves_the_manifest_from_disk(self):
        self.node.start()
        self.assert_blob("warm.bin")
        self.assertEqual(self.node.stop(), 0)
        self.take_store_away()
        self.node.start()
        reply = self.get(f"/files?ns={harness.NS}")
        self.assertEqual(reply.status, 200, reply.body)
        for path in FILES:
            self.assertIn(path.encode(), reply.body)
        self.assert_problem(self.get(blob("warm.bin")), 503, "origin_unavailable")
        self.bring_store_back()
        self.assertTrue(harness.wait_until(lambda: self.get(blob("warm.bin")).status == 200))
        self.assert_blob("warm.bin")

    def test_a_damaged_object_is_502_and_right_again_once_repaired(self):
        self.forget_etags()
        self.damage("cold.bin", PAGE + 10)
        self.node.start()
        for _ in range(2):
            told = self.assert_problem(self.get(blob("cold.bin", off=PAGE, len=PAGE)), 502, "origin_corrupt")
            self.assertIn("cold.bin", told["detail"])
        self.assertGreaterEqual(self.node.daemon.metric("seekfs_crc_failures_total"), 2)
        self.assert_bytes(self.get(blob("cold.bin", off=0, len=PAGE)), self.files["cold.bin"][:PAGE])
        self.damage("cold.bin", PAGE + 10)
        self.assert_blob("cold.bin")

    def test_a_file_damaged_behind_its_first_page_never_looks_whole(self):
        self.forget_etags()
        self.damage("warm.bin", 2 * PAGE + 5)
        self.node.start()
        try:
            reply = self.get(blob("warm.bin"))
        except harness.ConnectionBroken:
            return
        self.assert_problem(reply, 502, "origin_corrupt")

    def test_an_object_that_is_not_the_one_published_is_502_source_changed(self):
        self.damage("small", 5)
        self.damage("cold.bin", 5)
        self.node.start()
        for path in ("small", "cold.bin"):
            self.assert_problem(self.get(blob(path)), 502, "source_changed")
        self.assertGreaterEqual(self.node.daemon.metric("seekfs_source_changed_total"), 2)
        self.assert_blob("warm.bin")


if __name__ == "__main__":
    harness.main()
