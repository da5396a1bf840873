#!/usr/bin/env python3
# Whole-program test of the shares of L2: a scan of one namespace leaves on disk what another one has read.
import os

import harness
from harness import PAGE, oracle

MIB = 1 << 20
WARM, SCAN = "warm", "scan"
WARM_FILES = {f"w{number}": MIB for number in range(6)}
SCAN_FILES = {f"s{number}": 10 * MIB for number in range(8)}


class L2FairnessTest(harness.NodeTest):
    settings = {"manifest__ttl": "1h", "cache__l1_memory": "1MiB", "cache__l2__backend": "segmentstore",
                "cache__l2__capacity": "16MiB", "cache__l2__min_free": "0%"}

    def setUp(self):
        super().setUp()
        self.node.configure(cache__l2__segment_path=os.path.join(self.node.directory, "l2"))
        for ns, files in ((WARM, WARM_FILES), (SCAN, SCAN_FILES)):
            self.publish({path: oracle(path, size, ns=ns) for path, size in files.items()}, ns=ns)
        self.node.start()

    def read(self, ns, files):
        """Reads everything, and waits until L2 has taken it in."""
        for path in files:
            content = self.files[path]
            for at in range(0, len(content), MIB):
                self.assert_bytes(self.get(harness.blob(path, ns=ns, off=at, len=MIB)), content[at:at + MIB])
        wanted = self.node.daemon.metric("seekfs_served_bytes_total", source="origin")
        self.assertTrue(harness.wait_until(
            lambda: self.node.daemon.metric("seekfs_l2_written_bytes_total") >= wanted), "L2 did not take all pages in")

    def from_origin(self):
        return self.node.daemon.metric("seekfs_served_bytes_total", source="origin")

    def test_a_scan_takes_nothing_from_a_smaller_namespace(self):
        warm = sum(WARM_FILES.values())
        self.read(WARM, WARM_FILES)
        self.read(SCAN, SCAN_FILES)
        held = self.node.daemon.metric("seekfs_l2_namespace_bytes", ns=WARM)
        self.assertGreaterEqual(held, 0.95 * warm)
        self.assertGreater(self.node.daemon.metric("seekfs_l2_namespace_bytes", ns=SCAN), 5 * MIB)
        before = self.from_origin()
        self.read(WARM, WARM_FILES)
        self.assertLessEqual(self.from_origin() - before, 0.05 * warm + PAGE)

    def test_a_lone_namespace_uses_all(self):
        self.read(SCAN, SCAN_FILES)
        self.assertGreater(self.node.daemon.metric("seekfs_l2_namespace_bytes", ns=SCAN), 12 * MIB)


if __name__ == "__main__":
    harness.main()
