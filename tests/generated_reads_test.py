#!/usr/bin/env python3
# Whole-program test: generated reads by /blob, /ns and /readv, each compared with a model that slices the files' bytes.
import json
import random
import urllib.parse

import harness
from harness import PAGE, oracle

FILES = {
    "empty": 0,
    "one": 1,
    "page-1": PAGE - 1,
    "page": PAGE,
    "page+1": PAGE + 1,
    "a folder/ünïcödé/日本語 100%.bin": 3 * PAGE + 17,
    "+&=?#;,.txt": 5000,
    "big": 12 * PAGE + 7,
}
SEEDS = range(4)
READS = 250


def encode(draw, path, safe):
    """The path percent-encoded where it must be, and here and there where it need not."""
    return "".join(chr(byte) if chr(byte) in safe and draw.random() < 0.9 else f"%{byte:02{draw.choice('xX')}}"
                   for byte in path.encode())


def a_number(draw, size):
    """A position around an edge of the file or of one of its pages, or anywhere."""
    edge = draw.choice([0, size, draw.randrange(size // PAGE + 2) * PAGE])
    return max(0, draw.choice([edge + draw.randint(-2, 2), draw.randint(0, size + 10)]))


def range_field(content, text):
    """(status, body) of GET with this Range, as RFC 9110 section 14 has it."""
    size = len(content)
    first, _, last = text.removeprefix("bytes=").partition("-")
    if first and last and int(last) < int(first):
        return 200, content
    if not first:
        if int(last) == 0:
            return 416, None
        return (206, content[-int(last):]) if content else (200, content)
    if int(first) >= size:
        return 416, None
    return 206, content[int(first):int(last) + 1 if last else size]


class GeneratedReadsTest(harness.NodeTest):
    # Less than the files have, so that pages come and go.
    settings = {"cache__l1_memory": "2MiB"}
    unreserved = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/"

    def setUp(self):
        super().setUp()
        self.publish({path: oracle(path, size) for path, size in FILES.items()})
        self.node.start()
        self.connection = self.node.daemon.connect()
        self.addCleanup(self.connection.socket.close)

    def check(self, reply, status, content):
        if status == 416:
            return self.assert_problem(reply, 416, "range_not_satisfiable")
        self.assertEqual((reply.status, len(reply.body)), (status, len(content)), reply.body[:300])
        self.assertTrue(reply.body == content, "other bytes than the model's")
        return None

    def read_blob(self, draw):
        path = draw.choice(list(FILES))
        content = self.files[path]
        encoded = encode(draw, path, self.unreserved)
        target = f"/blob?ns={harness.NS}&path={encoded.replace('%20', '+') if draw.random() < 0.5 else encoded}"
        off = draw.choice([None, a_number(draw, len(content))])
        length = draw.choice([None, 0, a_number(draw, len(content)), 2**64 - 1])
        target += ("" if off is None else f"&off={off}") + ("" if length is None else f"&len={length}")
        begin = off or 0
        status = 416 if begin > 0 and begin >= len(content) else 200
        expected = content[begin:] if length is None else content[begin:begin + length]
        yield target
        self.check(self.connection.request("GET", target), status, expected)

    def read_path(self, draw):
        path = draw.choice(list(FILES))
        content = self.files[path]
        first, last = a_number(draw, len(content)), a_number(draw, len(content))
        field = "bytes=" + draw.choice([f"{first}-{last}", f"{first}-", f"-{last}"])
        target = f"/ns/{harness.NS}/{encode(draw, path, self.unreserved + '+&=;,')}"
        yield f"{target} {field}"
        self.check(self.connection.request("GET", target, headers=(("Range", field),)), *range_field(content, field))

    def read_many(self, draw):
        items = []
        for _ in range(draw.choice([0, 1, 2, 30])):
            path = draw.choice(list(FILES))
            off = a_number(draw, len(self.files[path]))
            # Mostly inside, so that not every list has one that is not.
            length = a_number(draw, len(self.files[path])) if draw.random() < 0.03 else draw.randint(0, max(0, len(self.files[path]) - off))
            items.append((path, off, length))
        yield str(items)
        self.check_readv(items)

    def check_readv(self, items):
        body = json.dumps([{"path": path, "off": off, "len": length} for path, off, length in items]).encode()
        reply = self.connection.request("POST", f"/readv?ns={harness.NS}", body)
        outside = [index for index, (path, off, length) in enumerate(items) if off + length > len(self.files[path])]
        expected = b"".join(self.files[path][off:off + length] for path, off, length in items)
        told = self.check(reply, 416 if outside else 200, expected)
        if outside:
            self.assertEqual(told["index"], outside[0])

    def test_generated_reads_agree_with_the_model(self):
        for seed in SEEDS:
            draw = random.Random(seed)
            for number in range(READS):
                read = draw.choice([self.read_blob, self.read_path, self.read_many])(draw)
                with self.subTest(seed=seed, number=number, read=next(read)):
                    next(read, None)

    def test_a_thousand_items_in_shuffled_order(self):
        draw = random.Random(1000)
        items = []
        for index in range(1000):
            path = list(FILES)[index % len(FILES)]
            off = draw.randint(0, len(self.files[path]))
            items.append((path, off, min(draw.choice([0, 1, 700, PAGE + 1]), len(self.files[path]) - off)))
        for _ in range(2):
            draw.shuffle(items)
            self.check_readv(items)
        self.check_readv(items + [("one", 1, 1)])


if __name__ == "__main__":
    harness.main()
