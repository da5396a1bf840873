#!/usr/bin/env python3
# Whole-program tests of the cache on disk as an operator meets it: seekfs-ctl cache, live and stopped, and refusals to start.
import glob
import json
import os
import shutil
import subprocess

import harness
from harness import NS, PAGE, blob, oracle

FILES = {"a.bin": 3 * PAGE + 5, "b/c.bin": 2 * PAGE, "b/d": 10, "empty": 0}
PAGES = 4 + 2 + 1


class CacheTest(harness.NodeTest):
    settings = {"manifest__ttl": "1h", "cache__l2__backend": "segmentstore", "cache__l2__capacity": "64MiB",
                "cache__l2__min_free": "0%"}

    def setUp(self):
        super().setUp()
        self.l2 = os.path.join(self.node.directory, "l2")
        self.node.configure(cache__l2__segment_path=self.l2)
        self.publish({path: oracle(path, size) for path, size in FILES.items()})

    def fill(self):
        """Starts the daemon and reads everything; returns once all pages are in L2."""
        self.node.start()
        for path in FILES:
            self.assert_blob(path)
        self.assertTrue(harness.wait_until(lambda: self.node.daemon.metric("seekfs_index_entries") == PAGES))

    def cache(self, *arguments, code=0):
        """seekfs-ctl cache …; returns its standard output and error."""
        done = self.node.ctl("--addr", self.node.daemon.url or "http://127.0.0.1:1", "cache", *arguments)
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout, done.stderr

    def cache_json(self, *arguments, code=0):
        return [json.loads(line) for line in self.cache(*arguments, "--json", code=code)[0].splitlines()]

    def listed(self, *arguments):
        return {line["path"]: (line["l1_bytes"], line["l2_bytes"]) for line in self.cache_json("ls", *arguments)}

    def run_daemon(self, node):
        """seekfsd as a process that is expected to end by itself."""
        return subprocess.run([os.path.join(harness.BIN, "seekfsd"), "--config", node.config], capture_output=True, text=True,
                              timeout=60, env=node.environment(), check=False)

    def test_live(self):
        self.fill()
        [stat] = self.cache_json("stat")
        self.assertEqual((stat["l1"]["pages"], stat["l2"]["pages"]), (PAGES, PAGES))
        self.assertEqual(stat["l2"]["capacity_bytes"], 64 << 20)
        [disk] = stat["disks"]
        self.assertEqual((disk["path"], disk["up"], disk["detail"], disk["pages"]), (self.l2, True, "", PAGES))
        text = self.cache("stat")[0]
        self.assertIn("64.0 MiB", text)
        self.assertIn(self.l2, text)
        self.assertEqual(self.listed(NS), {path: (size, size) for path, size in FILES.items() if size})
        self.assertEqual(self.listed(f"{NS}@1/b/"), {path: (FILES[path],) * 2 for path in ("b/c.bin", "b/d")})
        self.assertEqual(set(self.listed(NS, "--all")), set(FILES))
        self.assertIn("a.bin", self.cache("ls", NS)[0])

        self.cache("drop", f"seekfs://{NS}/a.bin")
        self.assertNotIn("a.bin", self.listed(NS))
        before = self.origin_gets()
        self.assert_blob("a.bin")
        self.assertGreater(self.origin_gets(), before)
        self.cache("drop", NS)
        self.assertEqual(self.listed(NS), {})
        for path in FILES:
            self.assert_blob(path)
        self.assertEqual(self.cache_json("compact"), [{"compacted": True}])
        [report] = self.cache_json("check")
        self.assertEqual(report["damage_count"], 0)
        self.cache("drop", "--all")
        self.assertEqual(self.listed(NS), {})
        for path in FILES:
            self.assert_blob(path)

        self.cache("drop", code=2)
        self.cache("drop", NS, "--all", code=2)
        self.cache("drop", f"{NS}/absent", code=5)
        self.cache("ls", "nobody", code=5)

    def test_a_live_cache_is_not_opened_beside_its_daemon(self):
        self.fill()
        for verb in ("stat", "check", "compact"):
            error = self.cache(verb, "--direct", code=1)[1]
            self.assertIn(str(self.node.daemon.process.pid), error)
            self.assertIn("leave out --direct", error)

    def test_without_a_daemon_direct_is_named(self):
        error = self.cache("stat", code=1)[1]
        self.assertIn("no daemon answers", error)
        self.assertIn("--direct", error)
        error = self.cache("stat", "--direct", code=5)[1]
        self.assertIn(self.l2, error)
        self.assertFalse(os.path.exists(self.l2))

    def test_stopped(self):
        self.fill()
        self.assertEqual(self.node.stop(), 0)
        [stat] = self.cache_json("stat", "--direct")
        self.assertEqual((stat["l1"], stat["l2"]["pages"], stat["disks"][0]["pages"]), (None, PAGES, PAGES))
        self.assertEqual(self.listed(NS, "--direct"), {path: (0, size) for path, size in FILES.items() if size})
        [report] = self.cache_json("check", "--direct")
        self.assertEqual((report["pages"], report["damage_count"]), (PAGES, 0))
        self.cache("drop", f"{NS}/b/c.bin", "--direct")
        self.cache("drop", f"{NS}/absent", "--direct", code=5)
        self.assertNotIn("b/c.bin", self.listed(NS, "--direct"))
        self.cache("compact", "--direct")
        self.assertEqual(self.listed(NS, "--direct"), {path: (0, FILES[path]) for path in ("a.bin", "b/d")})
        self.node.start()
        self.assertEqual(self.listed(NS), {path: (0, FILES[path]) for path in ("a.bin", "b/d")})
        for path in FILES:
            self.assert_blob(path)
        self.assertEqual(self.node.stop(), 0)
        self.cache("drop", "--all", "--direct")
        self.assertEqual(self.listed(NS, "--direct"), {})

    def damage_a_page(self):
        """Flips one bit of the second page of a.bin in its segment; returns the segment's file."""
        wanted = self.files["a.bin"][PAGE:PAGE + 64]
        for name in glob.glob(os.path.join(self.l2, "data-*.seg")):
            with open(name, "r+b") as file:
                content = file.read()
                at = content.find(wanted)
                if at >= 0:
                    file.seek(at + 7)
                    file.write(bytes([content[at + 7] ^ 4]))
                    return name
        return self.fail("the page is in no segment")

    def test_check_finds_a_damaged_page(self):
        self.fill()
        self.assertEqual(self.node.stop(), 0)
        segment = self.damage_a_page()
        *damage, total = self.cache_json("check", "--direct", code=3)
        self.assertEqual((len(damage), total["damage_count"], total["pages"]), (1, 1, PAGES - 1))
        self.assertEqual(os.path.basename(damage[0]["file"]), os.path.basename(segment))
        self.assertGreater(damage[0]["offset"], 0)
        self.cache("check", "--direct")
        self.node.start()
        self.assertEqual(self.listed(NS)["a.bin"], (0, FILES["a.bin"] - PAGE))
        self.assert_blob("a.bin")

    def test_a_live_check_finds_it_and_reads_never_serve_it(self):
        self.fill()
        self.assertEqual(self.node.stop(), 0)
        segment = self.damage_a_page()
        self.node.start()
        text = self.cache("check", code=3)[0]
        self.assertIn(os.path.basename(segment), text)
        self.assertIn("1 damaged pages", text)
        self.assert_blob("a.bin")

    def test_a_restart_without_the_store_serves_all_and_asks_nothing(self):
        self.fill()
        self.assertEqual(self.node.stop(), 0)
        os.rename(self.node.store, self.node.store + ".away")
        self.node.start()
        for path in FILES:
            self.assert_blob(path)
        self.assertEqual(self.node.daemon.metric("seekfs_origin_requests_total"), 0)
        self.assertEqual(self.node.daemon.metric("seekfs_served_bytes_total", source="l2"), sum(FILES.values()))
        self.assertEqual(self.node.daemon.metric("seekfs_cache_requests_total", tier="l2", result="hit"), PAGES)
        self.assertEqual(self.node.daemon.metric("seekfs_l2_up", disk=self.l2), 1)
        self.assertGreaterEqual(self.node.daemon.metric("seekfs_cache_bytes", tier="l2"), sum(FILES.values()))
        self.assertEqual(self.node.daemon.metric("seekfs_cache_capacity_bytes", tier="l2"), 64 << 20)

    def test_directories_that_cannot_be_used_stop_the_start(self):
        """Each message names the directory and what mends it; nothing falls back."""
        occupied = os.path.join(self.node.directory, "a-file")
        with open(occupied, "w", encoding="utf-8") as file:
            file.write("not a directory")
        for directory, capacity, code, named in (
            ("/sys/seekfs-l2", "64MiB", 1, "mkdir -p /sys/seekfs-l2 && chown"),  # not even root may write there
            (os.path.join(occupied, "l2"), "64MiB", 2, occupied),
            ("/proc/seekfs-l2", "auto", 2, "too little"),
        ):
            with self.subTest(directory):
                node = harness.Node(os.path.join(self.node.directory, f"node{code}{named[:3].strip('/')}"),
                                    cache__l2__backend="segmentstore", cache__l2__segment_path=directory, cache__l2__capacity=capacity)
                done = self.run_daemon(node)
                self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
                self.assertIn(named, done.stderr)
                self.assertIn(directory, done.stderr)
                self.assertIn('cache.l2.backend = "none"', done.stderr)

    def test_a_directory_that_goes_away_is_switched_off_and_comes_back(self):
        self.fill()
        os.rename(self.l2, self.l2 + ".away")
        with open(self.l2, "w", encoding="utf-8"):
            pass

        def degraded():
            """Drops and reads everything, so that there is something to write; returns what is degraded."""
            self.cache("drop", NS)
            for path in FILES:
                self.assert_blob(path)
            return json.loads(self.get("/readyz").body)["degraded"]

        self.assertTrue(harness.wait_until(degraded, 120))
        [sentence] = degraded()
        self.assertIn(f"cache directory {self.l2} is switched off: ", sentence)
        self.assertEqual(self.get("/readyz").status, 200)
        self.assertEqual(self.node.daemon.metric("seekfs_l2_up", disk=self.l2), 0)
        [disk] = self.cache_json("stat")[0]["disks"]
        self.assertFalse(disk["up"])
        self.assertNotEqual(disk["detail"], "")  # which reason it is changes with each attempt to use it again
        self.assertIn("is off: ", self.cache("stat")[0])

        os.unlink(self.l2)
        os.rename(self.l2 + ".away", self.l2)
        self.assertTrue(harness.wait_until(lambda: not degraded(), 120))  # it is tried again at growing intervals
        self.assertEqual(self.node.daemon.metric("seekfs_l2_up", disk=self.l2), 1)
        self.assertTrue(harness.wait_until(lambda: not degraded() and len(self.listed(NS)) == 3, 120))

    def test_blobdb(self):
        """The other backend behind the same commands; what was read before an orderly stop is there afterwards."""
        self.node.configure(cache__l2__backend="blobdb")
        self.node.start()
        for path in FILES:
            self.assert_blob(path)
        self.assertEqual(self.node.daemon.metric("seekfs_l2_up", disk=self.l2), 1)
        error = self.cache("stat", "--direct", code=1)[1]
        self.assertIn("leave out --direct", error)
        self.assertEqual(self.node.stop(), 0)
        self.assertEqual(self.listed(NS, "--direct"), {path: (0, size) for path, size in FILES.items() if size})
        [stat] = self.cache_json("stat", "--direct")
        self.assertEqual((stat["l2"]["pages"], stat["disks"][0]["up"]), (PAGES, True))
        [report] = self.cache_json("check", "--direct")
        self.assertEqual((report["pages"], report["damage_count"]), (PAGES, 0))
        os.rename(self.node.store, self.node.store + ".away")
        self.node.start()
        for path in FILES:
            self.assert_blob(path)
        self.assertEqual(self.node.daemon.metric("seekfs_origin_requests_total"), 0)
        self.assertEqual(self.cache_json("compact"), [{"compacted": True}])
        self.cache("drop", "--all")
        self.assertEqual(self.listed(NS), {})
        self.assertEqual(self.node.stop(), 0)

    def test_older_names(self):
        directory = os.path.join(self.node.directory, "slabs")
        node = harness.Node(os.path.join(self.node.directory, "older"), cache__l2__backend="slabfile",
                            cache__l2__slabfile_path=directory, cache__l2__l2_ssd_gib=1)
        self.addCleanup(node.kill)
        node.start()
        self.assertEqual(node.daemon.metric("seekfs_l2_up", disk=directory), 1)
        self.assertEqual(node.daemon.metric("seekfs_cache_capacity_bytes", tier="l2"), 1 << 30)
        self.assertEqual(node.daemon.log_end().count("is an older"), 3)

    def test_two_directories_share_the_pages(self):
        second = os.path.join(self.node.directory, "l2-second")
        self.node.configure(cache__l2__segment_path=[self.l2, second])
        self.fill()
        [stat] = self.cache_json("stat")
        self.assertEqual([disk["path"] for disk in stat["disks"]], [self.l2, second])
        self.assertEqual(sum(disk["pages"] for disk in stat["disks"]), PAGES)
        self.assertEqual(stat["l2"]["capacity_bytes"], 128 << 20)
        self.assertEqual(self.node.stop(), 0)
        self.assertEqual(self.listed(NS, "--direct"), {path: (0, size) for path, size in FILES.items() if size})
        shutil.rmtree(second)
        self.node.start()
        for path in FILES:
            self.assert_blob(path)


if __name__ == "__main__":
    harness.main()
