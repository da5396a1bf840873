#!/usr/bin/env python3
# Whole-program tests of prefetching: /hints by hand, seekfs-ctl warm and hint, a store that goes away, a restart without it.
import json
import os
import urllib.parse

import harness
from harness import NS, PAGE, oracle

FILES = {"a.bin": 5 * PAGE + 7, "b/c.bin": 2 * PAGE, "b/d": 10, "empty": 0}
TOTAL = sum(FILES.values())


class HintsTest(harness.NodeTest):
    settings = {"manifest__ttl": "1h", "cache__l2__backend": "segmentstore", "cache__l2__capacity": "64MiB",
                "cache__l2__min_free": "0%"}

    def setUp(self):
        super().setUp()
        self.node.configure(cache__l2__segment_path=os.path.join(self.node.directory, "l2"))
        self.publish({path: oracle(path, size) for path, size in FILES.items()})

    def request(self, method, target, body=b"", headers=()):
        with self.node.daemon.connect() as connection:
            return connection.request(method, target, body, headers)

    def post(self, windows, **fields):
        return self.request("POST", f"/hints?ns={NS}", json.dumps({"epoch": 1, "windows": windows, **fields}).encode())

    def accepted(self, windows, **fields):
        reply = self.post(windows, **fields)
        self.assertEqual((reply.status, reply.headers["seekfs-version"]), (202, "v-1"), reply.body)
        return json.loads(reply.body)["id"]

    def show(self, hint):
        reply = self.get(f"/hints/{hint}")
        self.assertEqual(reply.status, 200, reply.body)
        return json.loads(reply.body)

    def wait_for(self, hint, *states):
        self.assertTrue(harness.wait_until(lambda: self.show(hint)["state"] in states), self.show(hint))
        return self.show(hint)

    def ctl(self, *arguments, code=0):
        done = self.node.ctl("--addr", self.node.daemon.url, *arguments)
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout

    def hide_store(self):
        os.rename(self.node.store, self.node.store + ".away")

    def bring_store_back(self):
        os.rename(self.node.store + ".away", self.node.store)

    def requests(self, purpose):
        return self.node.daemon.metric("seekfs_origin_requests_total", op="get", purpose=purpose)

    def test_warm_then_read_without_the_store(self):
        """What warm --wait reports as resident is read without a request to the store, by this daemon and the next one."""
        self.node.start()
        lines = [json.loads(line) for line in self.ctl("warm", f"seekfs://{NS}", "--wait", "--json").splitlines()]
        last = lines[-1]
        self.assertEqual((last["state"], last["wanted"]["bytes"], last["resident"]), ("done", TOTAL, last["wanted"]))
        self.assertGreater(self.requests("prefetch"), 0)
        self.assert_problem(self.get(f"/hints/{last['id']}"), 404, "not_found")
        self.assertTrue(harness.wait_until(lambda: self.node.daemon.metric("seekfs_index_entries") == last["wanted"]["pages"]))
        self.hide_store()
        for restarted in (False, True):
            if restarted:
                self.node.stop()
                self.node.start()
            for path in FILES:
                self.assert_blob(path)
            self.assertEqual(self.origin_gets(), 0)
        text = self.ctl("warm", f"{NS}/a.bin", f"{NS}/b/", "--wait")
        self.assertIn(" done: ", text)
        self.assertEqual(self.requests("prefetch"), 0)

    def test_two_hints_and_what_is_told_by_item(self):
        self.node.start()
        first = self.accepted([{"path": "a.bin", "ranges": [[PAGE, 1], [0, 1]]}, {"path": "gone"}])
        second = self.accepted([{"prefix": "b/"}, {"path": "a.bin", "ranges": [[10**9, 1]]}], priority=5)
        one, two = self.wait_for(first, "done"), self.wait_for(second, "done")
        self.assertEqual((one["resident"]["pages"], two["resident"]["bytes"]), (2, 2 * PAGE + 10))
        self.assertEqual([(error["index"], error["path"], error["code"]) for error in one["errors"] + two["errors"]],
                         [(1, "gone", "not_found"), (1, "a.bin", "range_not_satisfiable")])
        self.assertEqual((one["version"], one["newest_version"], one["epoch"]), (1, 1, 1))
        gets = self.requests("prefetch")
        self.assert_blob("b/c.bin")
        self.assertEqual((self.origin_gets(), self.requests("prefetch")), (0, gets))
        self.assertIn("gone", self.node.ctl("--addr", self.node.daemon.url, "warm", f"{NS}/gone", "--wait").stderr)
        self.ctl("warm", f"{NS}/gone", "--wait", code=5)

    def test_a_store_that_is_away_and_cancel(self):
        self.node.start()
        self.assertEqual(self.get(f"/namespaces/{NS}").status, 200)
        self.hide_store()
        hint = self.accepted([{"prefix": ""}])
        self.assertNotEqual(self.wait_for(hint, "paused")["detail"], "")
        self.assertIn(" paused: ", self.ctl("hint", "show", hint))
        self.assertIn(" cancelled: ", self.ctl("hint", "cancel", hint))
        self.assert_problem(self.request("DELETE", f"/hints/{hint}"), 404, "not_found")
        self.ctl("hint", "show", hint, code=5)
        again = self.accepted([{"prefix": ""}])
        self.wait_for(again, "paused")
        self.bring_store_back()
        self.assertEqual(self.wait_for(again, "done")["resident"]["bytes"], TOTAL)
        self.assertEqual(self.node.stop(), 0)

    def test_lists(self):
        self.node.start()
        path = os.path.join(self.node.directory, "list")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"a.bin\t{PAGE}\t{PAGE}\n\nb/\n")
        text = self.ctl("hint", "post", NS, path, "--wait", "--ttl", "1m", "--epoch", "3")
        self.assertIn(" done: ", text)
        self.assertEqual(self.node.daemon.metric("seekfs_prefetch_bytes_total"), 3 * PAGE + 10)
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"epoch": 2, "windows": [{"path": "a.bin"}]}, file)
        hint = self.ctl("hint", "post", f"{NS}@1", path).strip()
        self.assertEqual(self.wait_for(hint, "done")["wanted"]["bytes"], FILES["a.bin"])
        with open(path, "w", encoding="utf-8") as file:
            file.write("a.bin\t1\n")
        self.ctl("hint", "post", NS, path, code=2)
        self.ctl("hint", "show", "../x", code=2)
        self.ctl("warm", "other", code=5)

    def test_wrong_input(self):
        self.node.start()
        target = f"/hints?ns={NS}"
        good = b'{"epoch":1,"windows":[{"path":"a.bin"}]}'
        for query, body, status, code in [
                (target, b"", 400, "bad_request"), (target, b"{}", 400, "bad_request"), (target, good + b"x", 400, "bad_request"),
                (target, b'{"epoch":1,"windows":[]}', 400, "bad_request"),
                (target, b'{"epoch":1,"windows":[{"path":"../a"}]}', 400, "invalid_path"),
                (target, b'{"epoch":1,"priority":101,"windows":[{"path":"a"}]}', 400, "bad_request"),
                (target, b'{"epoch":1,"ttl_ms":86400001,"windows":[{"path":"a"}]}', 400, "bad_request"),
                (target, b'{"epoch":1,"windows":[' + b",".join([b'{"path":"a"}'] * 65537) + b"]}", 413, "too_large"),
                ("/hints", good, 400, "bad_request"), (target + "&x=1", good, 400, "bad_request"),
                (target + "&version=9", good, 404, "no_such_version"), ("/hints?ns=other", good, 404, "no_such_namespace")]:
            with self.subTest(query=query, body=body[:60]):
                self.assert_problem(self.request("POST", query, body), status, code)
        told = self.assert_problem(self.post([{"path": "a"}, {"path": "b", "prefix": "c"}]), 400, "bad_request")
        self.assertEqual(told["index"], 1)
        self.assert_problem(self.request("POST", target, good, [("Origin", "http://elsewhere.example")]), 403, "forbidden")
        self.assert_problem(self.get(target), 405, "method_not_allowed")
        self.assert_problem(self.get("/hints/" + urllib.parse.quote("no such one")), 404, "not_found")


if __name__ == "__main__":
    harness.main()
