#!/usr/bin/env python3
# Whole-program tests of starting and stopping: the ready line, what is answered before any data, exit codes.
import json
import os
import subprocess

import harness


class LifecycleTest(harness.NodeTest):
    def run_daemon(self, *arguments, **environment):
        """seekfsd as a process that is expected to end by itself."""
        return subprocess.run([os.path.join(harness.BIN, "seekfsd"), *arguments], capture_output=True, text=True, timeout=60,
                              env={**self.node.environment(), **environment}, check=False)

    def test_ready_line_names_the_port_that_was_picked(self):
        self.node.start()
        host, port = self.node.daemon.address
        self.assertEqual(host, "127.0.0.1")
        self.assertNotEqual(port, 0)
        reply = self.get("/healthz")
        self.assertEqual((reply.status, reply.body.strip()), (200, b"ok"))

    def test_sigterm_ends_with_0(self):
        self.node.start()
        self.assertEqual(self.node.stop(), 0)

    def test_sigterm_closes_idle_connections(self):
        self.node.start()
        with self.node.daemon.connect() as connection:
            self.assertEqual(connection.request("GET", "/healthz").status, 200)
            self.assertEqual(self.node.stop(), 0)

    def test_it_starts_again_after_it_stopped(self):
        for _ in range(3):
            self.node.start()
            self.assertEqual(self.get("/readyz").status, 200)
            self.assertEqual(self.node.stop(), 0)

    def test_an_empty_directory_may_be_a_disk_that_is_not_mounted(self):
        self.node.start()
        told = self.assert_problem(self.get(harness.blob("a")), 503, "origin_unavailable")
        self.assertIn(self.node.store, told["detail"])

    def test_an_empty_store_serves_no_namespace(self):
        os.mkdir(os.path.join(self.node.store, ".seekfs"))
        self.node.start()
        self.assert_problem(self.get(harness.blob("a")), 404, "no_such_namespace")

    def test_version_and_metrics(self):
        self.node.start()
        told = json.loads(self.get("/version").body)
        self.assertTrue(told["version"], told)
        self.assertLessEqual({"store:fs", "store:mem", "l2:segmentstore", "l2:blobdb", "l2:mem", "l2:none", "l2-index:native",
                              "l2-index:rocksdb"}, set(told["features"]))
        self.assertEqual(self.node.daemon.metric("seekfs_build_info"), 1)

    def test_ctl_health_finds_the_daemon(self):
        self.node.start()
        done = self.node.ctl("--addr", self.node.daemon.url, "health")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.node.stop()
        self.assertNotEqual(self.node.ctl("--addr", self.node.daemon.url, "health").returncode, 0)

    def test_wrong_configuration_ends_with_2_and_names_the_key(self):
        for settings, named in (
            ({"store__tipe": "fs"}, "store.type"),
            ({"store__type": "ftp"}, "ftp"),
            ({"cache__l2__backend": "segmentstor"}, "segmentstor"),
            ({"manifest__ttl": "soon"}, "manifest.ttl"),
            ({"api__listen": "0.0.0.0:0"}, "insecure_listen"),
        ):
            with self.subTest(settings):
                node = harness.Node(os.path.join(self.node.directory, named), **settings)
                done = self.run_daemon("--config", node.config)
                self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
                self.assertIn(named, done.stderr)

    def test_a_missing_configuration_file_ends_with_2(self):
        done = self.run_daemon("--config", os.path.join(self.node.directory, "absent.toml"))
        self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
        self.assertIn("absent.toml", done.stderr)

    def test_the_environment_goes_before_the_file(self):
        done = self.run_daemon("--config", self.node.config, SEEKFS_STORE__TYPE="ftp")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("ftp", done.stderr)

    def test_an_address_in_use_ends_with_1(self):
        self.node.start()
        host, port = self.node.daemon.address
        other = harness.Node(os.path.join(self.node.directory, "other"), api__listen=f"{host}:{port}")
        done = self.run_daemon("--config", other.config)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        self.assertIn(str(port), done.stderr)


if __name__ == "__main__":
    harness.main()
