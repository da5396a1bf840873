# bench/run-peers: what it makes of figures, and one small run of the peers that are always there.
"""Only the machinery: figures are nobody's business here."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

import harness
import outputs
from s3_server import SECRET_KEY

sys.path.insert(0, os.path.join(harness.ROOT, "bench", "peers"))

import aims  # noqa: E402
import report  # noqa: E402
from mount import Mount  # noqa: E402
from peer import Peer  # noqa: E402
from results import Results  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"


def random_reads(results, peer, gets, p95, warm=None):
    results.add(peer, "random", {"cold": {"gets_per_read": gets, "p95_ms": p95}, "warm": warm and {"p95_ms": warm}})


def rates(results, peer, case, cold, warm=None):
    name = "mb_per_second" if case == "sequential" else "files_per_second"
    results.add(peer, case, {"cold": {name: cold}, "warm": warm and {name: warm}})


class ResultsTest(unittest.TestCase):
    def test_medians_of_what_was_measured(self):
        results = Results()
        for gets in (3, 1, 2):
            random_reads(results, "a", gets, 10)
        self.assertEqual(results.median("a", "random", "cold", "gets_per_read"), 2)
        self.assertIsNone(results.median("a", "random", "warm", "p95_ms"))
        self.assertIsNone(results.median("b", "random", "cold", "p95_ms"))
        self.assertEqual(report.cell([3, 1, 2], "{:.1f}"), "2.0 (1.0–3.0)")
        self.assertEqual(report.cell([3, 1], "{:.1f}"), "2.0 (1.0–3.0)")
        self.assertEqual((report.cell([3], "{:.0f}"), report.cell([], "{:.0f}")), ("3", "–"))

    def test_the_first_failure_is_shown(self):
        results = Results()
        results.fail("a", "random", "first")
        results.fail("a", "random", "second")
        self.assertEqual(results.errors, {"a": {"random": "first"}})
        self.assertIn("| a | failed |", report.table(results, ["a"]))
        self.assertIn("- failed: a, random: first", report.notes(results))


class AimsTest(unittest.TestCase):
    def verdicts(self, results, rivals, mounts=()):
        return {aim.text: (aim.ratio and round(aim.ratio, 3), aim.met) for aim in aims.aims_of(results, rivals, mounts)}

    def test_a_rival_below_the_curve_and_one_above_it(self):
        results = Results()
        random_reads(results, aims.LATENCY, 1.0, 40)
        random_reads(results, aims.BALANCED, 0.5, 100)
        for rival, gets, p95 in (("above", 0.49, 150), ("below", 0.4, 90), ("equal", 0.5, 100)):
            random_reads(results, rival, gets, p95)
        told = self.verdicts(results, ["above", "below", "equal"])
        found = {rival: told[f"cold random: {rival} does not lie below the curve (nearest: {aims.BALANCED})"]
                 for rival in ("above", "below", "equal")}
        self.assertEqual(found, {"above": (1.02, True), "below": (1.25, False), "equal": (1.051, False)})

    def test_ratios_and_verdicts(self):
        results = Results()
        random_reads(results, aims.PLAIN, 1.0, 40)
        random_reads(results, aims.LATENCY, 1.0, 64)
        random_reads(results, aims.FEWEST, 0.1, 300)
        random_reads(results, "s3fs", 0.2, 700, warm=8)
        random_reads(results, "by http", 0.2, 700, warm=1)
        random_reads(results, aims.BALANCED, 0.3, 200, warm=2)
        for peer, case, cold, warm in ((aims.BALANCED, "sequential", 260, None), ("s3fs", "sequential", 200, None),
                                       (aims.CURL, "sequential", 400, None), (aims.BALANCED, "small", 475, None),
                                       (aims.PLAIN, "small", 500, None), ("s3fs", "small", 40, 1000),
                                       (aims.BALANCED, "batch", 950, 3100), (aims.PLAIN, "batch", 1000, None)):
            rates(results, peer, case, cold, warm)
        told = self.verdicts(results, ["s3fs", "by http"], ["s3fs"])
        self.assertEqual(told["cold random, latency: p95 against plain GETs"], (1.6, False))
        self.assertEqual(told["cold random, fewest-gets: GETs a read against s3fs"], (0.5, True))
        self.assertEqual(told["cold random, balanced: GETs a read against s3fs"], (1.5, False))
        self.assertEqual(told["cold random, balanced: p95 against geesefs"], (None, None))
        self.assertEqual(told["cold sequential, 1 reader: against the best rival (s3fs)"], (1.3, True))
        self.assertEqual(told["or: against curl --parallel with 16 ranges"], (0.65, False))
        self.assertEqual(told["cold small files one by one: against plain GETs"], (0.95, True))
        self.assertEqual(told["cold small files by /readv: against plain GETs, 64 in flight"], (0.95, True))
        self.assertEqual(told["warm small files by /readv: against the best rival's warm rate (s3fs)"], (3.1, True))
        self.assertEqual(told["warm random 64 KiB, 16 readers: p95 against the best mount (s3fs)"], (0.25, True))
        table = report.aims_table(aims.aims_of(results, ["s3fs"], ["s3fs"]))
        self.assertIn("| cold random, latency: p95 against plain GETs | 1.60× | ≤ 1.5× | missed by 7% |", table)
        self.assertIn("| cold random, balanced: p95 against geesefs | – | ≤ 1× | not measured |", table)


class CurveTest(unittest.TestCase):
    def test_points_and_our_line(self):
        points = {"a & b": (1.0, 50), aims.LATENCY: (0.9, 40), aims.BALANCED: (0.2, 100), "gone": None}
        root = xml.etree.ElementTree.fromstring(report.curve(points, [aims.LATENCY, aims.BALANCED, aims.FEWEST]))
        self.assertEqual(len(root.findall(SVG + "circle")), 3)
        self.assertEqual(len(root.find(SVG + "polyline").get("points").split()), 2)
        self.assertIn("a & b", [text.text for text in root.findall(SVG + "text")])

    def test_without_points(self):
        xml.etree.ElementTree.fromstring(report.curve({"gone": None}, []))


class PeerTest(unittest.TestCase):
    def test_what_is_not_installed_is_said(self):
        class Nobody(Peer):
            name, program = "nobody", "no-such-program"

        self.assertEqual(Nobody(None, "/nowhere").missing(), "no-such-program is not installed")
        self.assertFalse(Mount(None, "/nowhere").is_ready())


class RunTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="seekfs-test-")
        self.addCleanup(subprocess.run, ["rm", "-rf", self.folder], check=True)
        self.work, self.json = os.path.join(self.folder, "work"), os.path.join(self.folder, "out.json")
        outputs.note_s3()
        outputs.keep_secret(SECRET_KEY)

    def start(self, *arguments):
        command = [os.path.join(harness.ROOT, "bench", "run-peers"), "--bin", harness.BIN, "--quick", "--latency", "2ms", "--jitter",
                   "1ms", "--work", self.work, "--json", self.json, *arguments]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def finish(self, run):
        text, told = run.communicate(timeout=200)
        outputs.keep("run-peers", text + told)
        self.assertEqual(self.left_over(), [])
        with open(self.json, encoding="utf-8") as file:
            return text, told, json.load(file)

    def left_over(self):
        """Command lines of processes that this run started."""
        lines = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    lines.append(file.read().replace(b"\0", b" ").decode(errors="replace"))
            except OSError:
                pass  # it has ended
        return [line for line in lines if self.work in line]

    def test_peers_that_are_always_there(self):
        svg = os.path.join(self.folder, "curve.svg")
        run = self.start("--peers", "plain,balanced", "--svg", svg)
        text, told, figures = self.finish(run)
        self.assertEqual(run.returncode, 0, text + told)
        self.assertEqual(figures["errors"], {})
        self.assertIsNone(figures["ended_early"])
        plain = figures["runs"][aims.PLAIN]
        self.assertEqual([len(plain[case]) for case in ("random", "sequential", "small", "batch")], [1] * 4)
        self.assertEqual(plain["random"][0]["cold"]["gets_per_read"], 1.0)
        self.assertIsNone(plain["random"][0]["warm"])
        ours = figures["runs"][aims.BALANCED]
        self.assertGreater(ours["small"][0]["cold"]["origin_gets"], 0)
        self.assertEqual(ours["small"][0]["warm"]["origin_gets"], 0)
        self.assertEqual(ours["batch"][0]["warm"]["gets_per_read"], 0)
        self.assertGreater(figures["runs"][aims.CURL]["sequential"][0]["cold"]["mb_per_second"], 0)
        self.assertIn(f"\n| {aims.BALANCED} |", text)
        self.assertIn("| cold small files one by one: against plain GETs |", text)
        self.assertEqual(len(xml.etree.ElementTree.parse(svg).getroot().findall(SVG + "circle")), 2)

    def test_an_interrupted_run_ends_what_it_started_and_says_so(self):
        run = self.start("--peers", "plain")
        self.assertIn("plain GETs, random", run.stderr.readline())
        run.send_signal(signal.SIGTERM)
        text, _, figures = self.finish(run)
        self.assertEqual(run.returncode, 130)
        self.assertIn("**This run was ended early: it was interrupted.**", text)
        self.assertEqual(figures["ended_early"], "it was interrupted")


if __name__ == "__main__":
    harness.main()
