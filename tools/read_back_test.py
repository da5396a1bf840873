#!/usr/bin/env python3
# Tests of tools/read_back.py: right replies pass, and each way of being wrong is noticed by both ways of reading.
import http.server
import json
import os
import sys
import tempfile
import threading
import unittest
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import read_back  # noqa: E402


read_back.READV_ITEMS = 64


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers /blob and /readv from server.files (path → bytes)."""
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # header and body in one packet: else each reply waits for a delayed acknowledgement

    def reply(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query, encoding="utf-8")["path"][0]
        if path in self.server.files:
            self.reply(200, self.server.files[path])
        else:
            self.reply(404, json.dumps({"code": "not_found", "detail": f"no {path}"}).encode())

    def do_POST(self):
        items = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if any(item["path"] not in self.server.files for item in items):
            return self.reply(404, json.dumps({"code": "not_found", "detail": "one is missing"}).encode())
        return self.reply(200, b"".join(self.server.files[item["path"]][item["off"]:item["off"] + item["len"]] for item in items))

    def log_message(self, *_):
        pass


class ReadBackTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.directory = temporary.name
        content = {"empty": b"", "a": b"a", "ü/日本 %&+.bin": os.urandom(70_000), "big": os.urandom(read_back.PIECE + 11)}
        content |= {f"many/{n}": os.urandom(n % 50) for n in range(300)}
        for path, text in content.items():
            full = os.path.join(self.directory, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "wb") as file:
                file.write(text)
        os.symlink("a", os.path.join(self.directory, "link"))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.files = dict(content)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.files = read_back.hash_originals(self.directory, read_back.find_files(self.directory))

    def read(self, how):
        return read_back.read_all(how, self.server.server_address, "ns", self.files)

    def test_all_files_come_back_right(self):
        self.assertEqual(len(self.files), len(self.server.files))
        for how in (read_back.blob_part, read_back.readv_part):
            outcome = self.read(how)
            self.assertEqual(outcome.wrong, [])
            self.assertEqual((outcome.files, outcome.bytes), (len(self.files), sum(map(len, self.server.files.values()))))

    def wrong(self, path, text):
        self.server.files[path] = text
        return [self.read(how).wrong for how in (read_back.blob_part, read_back.readv_part)]

    def test_one_flipped_bit_is_noticed(self):
        big = bytearray(self.server.files["big"])
        big[read_back.PIECE + 5] ^= 1
        for wrong in self.wrong("big", bytes(big)):
            self.assertEqual(wrong, ["big: other bytes came back than the original has"])

    def test_a_file_that_is_longer_is_noticed_by_blob(self):
        self.assertEqual(self.wrong("a", b"ab")[0], ["a: 2 bytes came back, the original has 1"])

    def test_a_short_file_is_noticed(self):
        for wrong in self.wrong("many/49", b"x"):
            self.assertNotEqual(wrong, [])

    def test_an_error_is_told_in_the_daemons_words(self):
        del self.server.files["many/7"]
        blob, readv = (self.read(how).wrong for how in (read_back.blob_part, read_back.readv_part))
        self.assertEqual(blob, ["many/7: status 404, not_found: no many/7"])
        self.assertTrue(any("status 404, not_found: one is missing" in text for text in readv), readv)


if __name__ == "__main__":
    unittest.main()
