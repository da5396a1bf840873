#!/usr/bin/env python3
# Whole-program test of twenty daemons before one S3: cold on one data set they settle at what it allows and all finish
# right, and their refreshes of HEAD are spread.
import itertools
import os
import re
import sys
import threading
import time

import harness
from fake_s3 import FakeS3
from harness import Node, blob, oracle, wait_until

NODES = 20
READERS = 6  # of a node
FILES = {f"part/{number}": 3000 for number in range(60)}
ALLOWED = 150  # requests a second
SETTLED_AFTER = 4  # seconds
TTL_MS = 2000
HEADS = 5  # of a node


class S3FleetTest(harness.NodeTest):
    def setUp(self):
        super().setUp()
        self.server = FakeS3()
        self.addCleanup(self.server.stop)
        self.node.configure(**self.server.settings())
        self.publish({name: oracle(name, size) for name, size in FILES.items()})
        self.nodes = []
        for number in range(NODES):
            node = Node(os.path.join(self.node.directory, f"node{number}"), cache__l1_memory="64MiB",
                        manifest__ttl=f"{TTL_MS}ms", **self.server.settings(f"AKIDNODE{number:02}"))
            self.addCleanup(node.kill)
            node.start()
            self.nodes.append(node)
        self.wrong = []

    def run_threads(self, targets):
        threads = [threading.Thread(target=target) for target in targets]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(self.wrong, [])

    def read_all(self, node, names, lock):
        """One of the readers of a node: takes the next file until none is left, asks until it has it."""
        with node.daemon.connect(timeout=300) as connection:
            while True:
                with lock:
                    name = next(names, None)
                if name is None:
                    return
                reply = connection.request("GET", blob(name))
                while reply.status in (429, 503):
                    time.sleep(0.1)  # impatient: Retry-After says at least a second
                    reply = connection.request("GET", blob(name))
                if reply.status != 200 or reply.body != self.files[name]:
                    self.wrong.append((name, reply.status, reply.body[:300]))

    def test_cold_on_one_data_set_they_settle_at_what_the_server_allows(self):
        self.server.script(per_second=ALLOWED)
        readers = []
        for node in self.nodes:
            names, lock = iter(FILES), threading.Lock()
            readers += [lambda node=node, names=names, lock=lock: self.read_all(node, names, lock)] * READERS
        began = time.monotonic()
        self.run_threads(readers)
        took = time.monotonic() - began
        seconds = self.server.seconds()[:int(took)]
        settled = [total for total, _ in seconds[SETTLED_AFTER:]]
        print(f"fleet: {NODES} daemons finish {NODES * len(FILES)} reads in {took:.1f} s at {ALLOWED}/s; requests a second "
              f"{[total for total, _ in seconds]}, refused {[refused for _, refused in seconds]}; busiest second after "
              f"{SETTLED_AFTER} s: {max(settled)}", file=sys.stderr)
        # Whole seconds of a busy machine are uneven; their sum is not.
        self.assertLessEqual(sum(settled), 1.25 * ALLOWED * len(settled))
        self.assertLessEqual(sum(refused for _, refused in seconds), sum(total for total, _ in seconds) / 2)

    def heads(self):
        """When each node asked for HEAD, in ms."""
        times = {number: [] for number in range(NODES)}
        for entry in self.server.log():
            found = re.search(r"Credential=AKIDNODE(\d+)/", entry["authorization"])
            if found and entry["operation"] == "get" and entry["key"].endswith("/HEAD"):
                times[int(found[1])].append(entry["at_ms"])
        return times

    def test_heads_are_refreshed_at_different_times(self):
        self.server.script()
        name, enough, together = next(iter(FILES)), threading.Event(), threading.Barrier(NODES)

        def read_on(node):
            with node.daemon.connect() as connection:
                together.wait()
                while not enough.is_set():
                    reply = connection.request("GET", blob(name))
                    if reply.status != 200 or reply.body != self.files[name]:
                        self.wrong.append((name, reply.status, reply.body[:300]))
                    time.sleep(0.02)

        def watch():
            wait_until(lambda: all(len(times) >= HEADS for times in self.heads().values()), 120)
            enough.set()

        self.run_threads([watch] + [lambda node=node: read_on(node) for node in self.nodes])
        heads = self.heads()
        self.assertTrue(all(len(times) >= HEADS for times in heads.values()), heads)
        intervals = [after - before for times in heads.values() for before, after in itertools.pairwise(times)]
        first, last = ([times[at] for times in heads.values()] for at in (0, HEADS - 1))
        print(f"fleet: first HEADs within {max(first) - min(first)} ms, those of refresh {HEADS - 1} within "
              f"{max(last) - min(last)} ms; intervals {min(intervals)} to {max(intervals)} ms", file=sys.stderr)
        self.assertGreaterEqual(min(intervals), TTL_MS - 1)
        # A tenth of the ttl is jitter: of a hundred intervals, some are in its first quarter and some in its last.
        self.assertGreaterEqual(max(intervals) - min(intervals), TTL_MS / 20)


if __name__ == "__main__":
    harness.main()
