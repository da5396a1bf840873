#!/usr/bin/env python3
# Whole-program test of an S3 that answers 503 to everything for a while: it is never asked more than when it was healthy,
# cached pages go on, readers are told at once, and reads succeed again afterwards.
"""`--seconds N` is how long each storm lasts. The healthy rate is what the same readers make of the same server, each reply
of which takes 50 ms, by the server's own count: the busiest of the seconds before the storm and of those after everybody
reads again, so that a machine that was busy in some of them alone says nothing. No second of the storm may have more."""
import argparse
import itertools
import sys
import threading
import time

import harness
from fake_s3 import SECRET_KEY, FakeS3
from harness import blob, oracle, wait_until

HEALTHY = {"fault": "none", "delay_ms": 50}
HEALTHY_SECONDS = 3
READERS = 32
HOT, COLD, SIZE = 8, 3000, 600


class Readers:
    """Threads that read cold files without a pause, and one that reads cached ones; every reply must be right."""

    def __init__(self, node, files, hot, cold):
        self.node, self.files = node, files
        self.cold, self.lock = itertools.cycle(cold), threading.Lock()
        self.stopped = threading.Event()
        self.wrong = []
        self.hot_reads = 0
        self.finished = [0] * READERS
        self.refused = {}  # by status
        self.threads = [threading.Thread(target=self.read_cold, args=(number,)) for number in range(READERS)]
        self.threads.append(threading.Thread(target=self.read_hot, args=(itertools.cycle(hot),)))
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join()

    def read_cold(self, number):
        name = None
        with self.node.daemon.connect(timeout=300) as connection:
            while not self.stopped.is_set():
                with self.lock:
                    name = name or next(self.cold)
                reply = connection.request("GET", blob(name))
                if reply.status == 200:
                    self.check(name, reply)
                    self.finished[number] += 1
                    name = None
                    continue
                with self.lock:
                    self.refused[reply.status] = self.refused.get(reply.status, 0) + 1
                time.sleep(0.005)

    def read_hot(self, names):
        with self.node.daemon.connect() as connection:
            for name in names:
                if self.stopped.is_set():
                    return
                self.check(name, connection.request("GET", blob(name)))
                self.hot_reads += 1
                time.sleep(0.002)

    def check(self, name, reply):
        if reply.status != 200 or reply.body != self.files[name]:
            self.wrong.append((name, reply.status, reply.body[:300]))


class S3StormTest(harness.NodeTest):
    settings = {"manifest__ttl": "1s"}  # HEAD is asked for during the storm, too

    def setUp(self):
        super().setUp()
        self.server = FakeS3()
        self.addCleanup(self.server.stop)
        self.node.configure(**self.server.settings())
        self.hot = [f"hot/{number}" for number in range(HOT)]
        self.cold = [f"cold/{number}" for number in range(COLD)]
        self.publish({name: oracle(name, SIZE) for name in self.hot + self.cold})
        self.node.start()
        for name in self.hot:
            self.assert_blob(name)

    def healthy_seconds(self):
        """Requests of each of the next seconds."""
        time.sleep(HEALTHY_SECONDS + 0.1)
        return [total for total, _ in self.server.seconds()[:HEALTHY_SECONDS]]

    def storm(self, fault, during=lambda readers: None):
        """Healthy seconds, the storm, and the time until every reader has read again."""
        self.server.script(HEALTHY)
        # The last ones are for the test itself.
        readers = Readers(self.node, self.files, self.hot, self.cold[:-100])
        self.addCleanup(readers.stop)
        self.assertTrue(wait_until(lambda: min(readers.finished) > 0))
        self.server.script(HEALTHY)
        before = self.healthy_seconds()

        self.server.script(fault)
        readers.refused.clear()
        hot_before, began = readers.hot_reads, time.monotonic()
        during(readers)
        time.sleep(max(0.0, began + OPTIONS.seconds - time.monotonic()))
        seconds = [total for total, _ in self.server.seconds()]
        hot = readers.hot_reads - hot_before

        self.server.script(HEALTHY)
        finished, began = list(readers.finished), time.monotonic()
        recovered = wait_until(lambda: all(now >= then + 3 for now, then in zip(readers.finished, finished)), 120)
        reads_again = time.monotonic() - began
        self.server.script(HEALTHY)
        after = self.healthy_seconds()
        print(f"{self._testMethodName}: healthy seconds {before} before, {after} after; the storm's busiest second {max(seconds)}, all of its "
              f"{len(seconds)} s {sum(seconds)}; refused {readers.refused}; cached reads {hot}; every reader reads again "
              f"after {reads_again:.1f} s", file=sys.stderr)
        readers.stop()
        self.assertEqual(readers.wrong, [])
        self.assertTrue(recovered, "readers that do not come back")
        self.assertLessEqual(max(seconds), max(before + after))
        self.assertGreater(hot, 0)
        # A GET whose readers were told of a time-out goes on by itself.
        self.assertTrue(wait_until(lambda: self.node.daemon.metric("seekfs_origin_inflight") == 0, 120))
        with open(self.node.daemon.log, encoding="utf-8", errors="replace") as file:
            self.assertNotIn(SECRET_KEY, file.read())

    def test_slow_down(self):
        self.storm({"fault": "slow_down"})

    def test_slow_down_with_retry_after(self):
        self.storm({"fault": "slow_down", "retry_after": 1})

    def test_unavailable(self):
        self.storm({"fault": "service_unavailable"}, self.expect_refusals_at_once)

    def expect_refusals_at_once(self, _):
        """The breaker opens; from then on reads cost the server next to nothing."""
        self.assertTrue(wait_until(lambda: self.node.daemon.metric("seekfs_origin_breaker_open") == 1))
        before = sum(total for total, _ in self.server.seconds())
        hints = 0
        for name in self.cold[-100:]:
            reply = self.get(blob(name))
            self.assertTrue(self.assert_problem(reply, 503, "origin_unavailable")["retryable"])
            hints += int(reply.headers.get("retry-after", 0)) >= 1
        self.assertGreaterEqual(hints, 50, "all but those that were probes")
        # Probes: a second apart at first, then fewer.
        self.assertLessEqual(sum(total for total, _ in self.server.seconds()) - before, 20)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--seconds", type=float, default=4)
    OPTIONS, sys.argv[1:] = parser.parse_known_args()
    harness.main()
