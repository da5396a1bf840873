#!/usr/bin/env python3
# Whole-program test of two jobs on one node: one reads a small set again and again, the other scans far more than L1 holds.
import threading

import harness
from harness import PAGE, oracle

MIB = 1 << 20
TRAIN, SCAN = "train", "scan"
TRAIN_FILES = {f"t{number}": MIB + 5 for number in range(8)}  # a quarter of L1
SCAN_FILES = {f"s{number}": 8 * MIB for number in range(12)}  # three times L1


class FairnessTest(harness.NodeTest):
    settings = {"manifest__ttl": "1h", "cache__l1_memory": "32MiB"}

    def setUp(self):
        super().setUp()
        for ns, files in ((TRAIN, TRAIN_FILES), (SCAN, SCAN_FILES)):
            self.publish({path: oracle(path, size, ns=ns) for path, size in files.items()}, ns=ns)
        self.node.start()

    def read(self, ns, files):
        with self.node.daemon.connect() as connection:
            for path in files:
                content = self.files[path]
                for at in range(0, len(content), MIB):
                    self.assert_bytes(connection.request("GET", harness.blob(path, ns=ns, off=at, len=MIB)), content[at:at + MIB])

    def served(self, source):
        return self.node.daemon.metric("seekfs_served_bytes_total", source=source)

    def test_a_scan_takes_nothing_from_l1_of_a_job_below_its_share(self):
        train = sum(TRAIN_FILES.values())
        self.read(TRAIN, TRAIN_FILES)  # once only: nothing marks these pages as better than the scan's
        self.read(SCAN, SCAN_FILES)
        from_l1, from_origin = self.served("l1"), self.served("origin")
        self.read(TRAIN, TRAIN_FILES)
        self.assertEqual((self.served("l1") - from_l1, self.served("origin") - from_origin), (train, 0))
        self.assertGreater(self.node.daemon.metric("seekfs_cache_bytes", tier="l1"), 31 * MIB, "what a job leaves is the other's")

    def test_while_the_scan_goes_on(self):
        self.read(TRAIN, TRAIN_FILES)
        failed = []

        def scan():
            try:
                self.read(SCAN, SCAN_FILES)
                self.read(SCAN, SCAN_FILES)
            except BaseException as error:
                failed.append(error)
                raise

        scanner = threading.Thread(target=scan)
        scanner.start()
        rounds = 0
        while scanner.is_alive():
            self.read(TRAIN, TRAIN_FILES)
            rounds += 1
        scanner.join()
        self.assertFalse(failed)
        self.assertGreater(rounds, 0)
        scanned = 2 * sum(SCAN_FILES.values())
        self.assertGreaterEqual(self.served("l1"), rounds * sum(TRAIN_FILES.values()))
        self.assertLessEqual(self.served("origin"), scanned + sum(TRAIN_FILES.values()))

    def test_a_lone_job_has_all_of_l1(self):
        self.read(SCAN, SCAN_FILES)
        self.assertGreater(self.node.daemon.metric("seekfs_cache_bytes", tier="l1"), 31 * MIB - PAGE)


if __name__ == "__main__":
    harness.main()
