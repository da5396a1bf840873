#!/usr/bin/env python3
# Whole-program tests of kill -9: what was served comes back right after a restart, and nothing half-written is believed.
import glob
import os
import threading

import harness
from harness import PAGE, blob, oracle


class CrashTest(harness.NodeTest):
    def setUp(self):
        super().setUp()
        self.publish({f"f{n}.bin": oracle(f"f{n}.bin", n * PAGE + n) for n in range(8)})

    def test_kill_and_restart(self):
        for _ in range(3):
            self.node.start()
            for path in self.files:
                self.assert_blob(path)
            self.node.kill()

    def test_kill_while_readers_wait(self):
        self.node.start()
        wrong = []

        def read():
            try:
                with self.node.daemon.connect() as connection:
                    while True:
                        for path, content in self.files.items():
                            reply = connection.request("GET", blob(path))
                            if reply.status != 200 or reply.body != content:
                                wrong.append((path, reply.status, len(reply.body)))
            except (OSError, harness.ConnectionBroken):
                pass  # the daemon was killed
        readers = [threading.Thread(target=read) for _ in range(8)]
        for reader in readers:
            reader.start()
        harness.wait_until(lambda: self.node.daemon.metric("seekfs_http_requests_total", code="200") > 100)
        self.node.kill()
        for reader in readers:
            reader.join()
        self.assertEqual(wrong, [])
        self.node.start()
        for path in self.files:
            self.assert_blob(path)

    def test_a_damaged_manifest_on_local_disk_is_fetched_anew(self):
        self.node.start()
        self.assert_blob("f1.bin")
        self.node.kill()
        kept = [name for name in glob.glob(os.path.join(self.node.directory, "manifests", "**"), recursive=True) if os.path.isfile(name)]
        self.assertTrue(kept)
        for name in kept:
            with open(name, "r+b") as file:
                file.truncate(os.path.getsize(name) // 2)
        self.node.start()
        for path in self.files:
            self.assert_blob(path)


if __name__ == "__main__":
    harness.main()
