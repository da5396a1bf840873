# seekfs-bench as a user runs it: on daemons over TCP and a Unix socket, a directory and a real S3 server; with wrong bytes, interrupted.
"""The data set is one of its own (seekfs-bench prepare), published to a daemon; see harness.py for what runs it."""
import json
import os
import re
import signal
import socket
import subprocess
import xml.etree.ElementTree

import harness
from s3_client import S3Client
from s3_server import ACCESS_KEY, BUCKET, SECRET_KEY, S3Server

DATA = ["--shards", "3", "--shard-size", "1MiB", "--small-files", "40", "--small-size", "1KiB-16KiB", "--seed", "5"]
WORKLOADS = ["--workload", "sequential:256KiB", "--workload", "random:16KiB", "--workload", "small", "--workload", "readv:16"]
LITTLE = ["--threads", "3", "--reads", "100", *WORKLOADS]


class BenchTest(harness.NodeTest):
    def setUp(self):
        super().setUp()
        self.data = os.path.join(self.node.directory, "data")
        self.socket = os.path.join(self.node.directory, "seekfs.sock")

    def command(self, *arguments):
        return [os.path.join(harness.BIN, "seekfs-bench"), *arguments]

    def bench(self, *arguments, code=0):
        """Runs a command that must end with this exit code; returns stdout, or stderr when it must fail."""
        done = subprocess.run(self.command(*arguments), env=self.node.environment(), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=120, check=False)
        self.node.keep("bench", done.stdout + done.stderr)
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout if code == 0 else done.stderr

    def prepare(self):
        self.bench("prepare", self.data, *DATA)

    def start(self):
        """A daemon that serves the data set on TCP."""
        self.prepare()
        done = self.node.ctl("publish", self.data, "--ns", "bench")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.node.start()

    def run_to_json(self, *arguments):
        """The Markdown and the JSON of a run."""
        name = os.path.join(self.node.directory, f"report-{len(os.listdir(self.node.directory))}.json")
        text = self.bench("run", *arguments, "--json", name)
        with open(name, encoding="utf-8") as file:
            return text, json.load(file), name

    def check_cases(self, report, target):
        self.assertEqual(report["target"], target)
        self.assertFalse(report["interrupted"])
        self.assertEqual([(case["workload"], case["threads"], case["epoch"]) for case in report["cases"]],
                         [(workload, 3, epoch) for workload in WORKLOADS[1::2] for epoch in (0, 1)])
        for case in report["cases"]:
            reads = {"sequential:256KiB": 12, "random:16KiB": 100, "small": 40, "readv:16": 3}[case["workload"]]
            self.assertEqual([each["reads"] for each in case["repetitions"]], [reads] * 3, case)
            for each in case["repetitions"]:
                self.assertLessEqual(each["p50_seconds"], each["p95_seconds"])
                self.assertLessEqual(each["p999_seconds"], each["max_seconds"])

    def test_a_directory(self):
        self.prepare()
        svg = os.path.join(self.node.directory, "plot.svg")
        text, report, _ = self.run_to_json(f"dir:{self.data}", *LITTLE, "--svg", svg)
        self.check_cases(report, f"dir:{self.data}")
        self.assertIsNone(report["cases"][0]["repetitions"][0]["origin_gets"])
        self.assertIn("| small, 3 threads, warm |", text)
        self.assertRegex(text, r"- machine: .+ cores, .+ of memory, Linux ")
        self.assertRegex(text, r"not emptied before cold epochs: .*names and attributes")
        plot = xml.etree.ElementTree.parse(svg).getroot()
        self.assertEqual(len(plot.findall("{http://www.w3.org/2000/svg}polyline")), 8)

    def test_a_daemon_by_tcp(self):
        self.start()
        pid = str(self.node.daemon.process.pid)
        _, report, name = self.run_to_json(self.node.daemon.url, *LITTLE, "--pid", pid)
        self.check_cases(report, self.node.daemon.url)
        cold, warm = report["cases"][2:4]
        for each in cold["repetitions"]:
            self.assertGreater(each["origin_gets"], 0)  # the caches were dropped before each repetition
            self.assertGreater(each["cpu_seconds"], 0)
            self.assertGreater(each["peak_resident_bytes"], 1 << 20)
        self.assertEqual([each["origin_gets"] for each in warm["repetitions"]], [0, 0, 0])

        _, _, of_directory = self.run_to_json(f"dir:{self.data}", *LITTLE)
        compared = self.bench("compare", of_directory, name)
        self.assertEqual(compared.count("\n## "), 8)
        self.assertRegex(compared, r"\| throughput MB/s \| [\d.e+]+ \| [\d.e+]+ \| [\d.]+ \| [\d.]+–[\d.]+ \|")
        _, _, other = self.run_to_json(f"dir:{self.data}", *LITTLE, "--seed", "2")
        self.assertIn("seeds 1 and 2", self.bench("compare", name, other, code=4))

    def test_a_daemon_by_unix_socket(self):
        self.node.configure(api__listen=["127.0.0.1:0", f"unix:{self.socket}"])
        self.start()
        _, report, _ = self.run_to_json(f"unix:{self.socket}", *LITTLE, "--verify", "sparse")
        self.check_cases(report, f"unix:{self.socket}")
        self.assertEqual(report["cases"][3]["repetitions"][0]["origin_gets"], 0)

    def test_a_real_s3_server_and_a_daemon_in_front_of_it(self):
        """The objects lie at the server under their own names, and are published where they lie."""
        server = S3Server("versitygw", os.path.join(self.node.directory, "s3"))
        self.addCleanup(server.stop)
        server.start()
        settings = {**server.settings(), "store.path": ""}
        self.node.configure(**{key.replace(".", "__"): value for key, value in settings.items()})
        self.node.set_variables(AWS_ACCESS_KEY_ID=ACCESS_KEY, AWS_SECRET_ACCESS_KEY=SECRET_KEY)
        self.prepare()
        client = S3Client(server.endpoint, BUCKET, ACCESS_KEY, SECRET_KEY)
        for folder, _, names in os.walk(self.data):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    client.put("adopted/" + os.path.relpath(path, self.data), file.read())
        target = f"s3:{server.endpoint}/{BUCKET}/adopted"
        text, report, plain = self.run_to_json(target, *LITTLE)
        self.check_cases(report, target)
        self.assertIn("plain GETs of S3, signed", text)
        self.assertEqual(report["cases"][6]["repetitions"][0]["origin_gets"], 40)  # readv: one for each file
        self.node.set_variables(AWS_SECRET_ACCESS_KEY="another-secret-key")
        refused = self.bench("run", target, code=1)
        self.assertIn("SignatureDoesNotMatch", refused)
        self.assertNotIn("another-secret-key", refused)

        done = self.node.ctl("publish", "s3:adopted/", "--ns", "bench")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.node.start()
        _, report, cached = self.run_to_json(self.node.daemon.url, *LITTLE)
        self.check_cases(report, self.node.daemon.url)
        self.assertEqual(self.bench("compare", plain, cached).count("\n## "), 8)

    def test_a_daemon_that_is_away_and_a_data_set_that_is_not_there(self):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            port = nobody.getsockname()[1]
            self.assertIn(f"127.0.0.1:{port}", self.bench("run", f"http://127.0.0.1:{port}", code=1))
        os.mkdir(self.data)
        self.assertIn("seekfs-bench.json", self.bench("run", f"dir:{self.data}", code=1))

    def test_wrong_bytes_end_the_run(self):
        self.prepare()
        path = os.path.join(self.data, "shards", "shard-00001.bin")
        with open(path, "r+b") as file:
            file.seek(700_000)
            byte = file.read(1)
            file.seek(700_000)
            file.write(bytes([byte[0] ^ 1]))
        told = self.bench("run", f"dir:{self.data}", "--workload", "sequential", code=3)
        self.assertIn("wrong bytes: shards/shard-00001.bin at offset 700000 ", told)

    def test_wrong_bytes_of_a_daemon_end_the_run(self):
        """What was published is not what the description says: the daemon serves it as it must, and the run sees it."""
        self.prepare()
        with open(os.path.join(self.data, "small", "00000", "file-00000007.bin"), "r+b") as file:
            file.write(b"\0")
        done = self.node.ctl("publish", self.data, "--ns", "bench")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.node.start()
        for workload in ("small", "readv:16"):
            told = self.bench("run", self.node.daemon.url, "--workload", workload, code=3)
            self.assertIn("wrong bytes: small/00000/file-00000007.bin at offset 0 ", told)

    def test_an_interrupted_run_says_so(self):
        self.prepare()
        name = os.path.join(self.node.directory, "interrupted.json")
        command = self.command("run", f"dir:{self.data}", "--workload", "small", "--seconds", "3600", "--json", name)
        with subprocess.Popen(command, env=self.node.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
            self.assertIn("repetition 1 of 3", run.stderr.readline())
            run.send_signal(signal.SIGINT)
            text, _ = run.communicate(timeout=120)
        self.assertEqual(run.returncode, 130)
        self.assertIn("**This run was interrupted.**", text)
        with open(name, encoding="utf-8") as file:
            report = json.load(file)
        self.assertTrue(report["interrupted"])
        self.assertEqual([case["repetitions"] for case in report["cases"]], [[], []])
        self.assertIn("interrupted", self.bench("compare", name, name, code=4))

    def test_wrong_usage(self):
        self.assertIn("no workload", self.bench("run", "dir:/", "--workload", "fast", code=2))
        self.assertIn("no target", self.bench("run", "ftp://bucket", code=2))
        self.assertIn("no S3 target", self.bench("run", "s3://bucket", code=2))
        self.assertTrue(re.match(r"seekfs-bench \d", self.bench("--version")))


if __name__ == "__main__":
    harness.main()
