# A node of its own for each whole-program test: directories, configuration, seekfsd, seekfs-ctl, requests, oracle data.
"""Standard library only. SEEKFS_BIN names the directory of the programs; without it, build/release/bin.

class SomethingTest(harness.NodeTest):
    def test_something(self):
        self.publish({"a/b.bin": harness.oracle("a/b.bin", 100_000)})
        self.node.start()
        self.assert_blob("a/b.bin")
"""
import contextlib
import gzip
import hashlib
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

import outputs

TESTS = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(TESTS)
sys.path.insert(0, os.path.join(ROOT, "tools"))

from seekfs_process import Connection, ConnectionBroken, Daemon, DaemonFailed, clean_environment, write_config

__all__ = ["Connection", "ConnectionBroken", "DaemonFailed", "Node", "NodeTest", "blob", "main", "oracle", "wait_until"]

BIN = os.environ.get("SEEKFS_BIN", os.path.join(ROOT, "build", "release", "bin"))
NS = "demo"
PAGE = 256 * 1024


def oracle(path, size, version=1, ns=NS):
    """The bytes of a file as a function of (namespace, path, version, offset): any test knows any byte."""
    return random.Random(f"{ns}|{path}|{version}").randbytes(size)


def blob(path, ns=NS, **query):
    """The target of a /blob request."""
    return "/blob?" + urllib.parse.urlencode({"ns": ns, "path": path, **query}, quote_via=urllib.parse.quote)


def wait_until(condition, timeout=30.0):
    """Asks until `condition()` is true; returns whether it came to be. For what another process does in its own time."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


class Node:
    """Directories and configuration of one machine: a store, a manifest cache, a daemon, tools."""

    def __init__(self, directory, **settings):
        self.directory = directory
        self.store = os.path.join(directory, "store")
        self.config = os.path.join(directory, "seekfs.toml")
        os.makedirs(self.store)
        self.kept = 0
        self.variables = {}  # of the environment of daemon and tools
        self.settings = {
            "store.type": "fs", "store.path": self.store, "cache.l1_memory": "256MiB", "cache.l2.backend": "none",
            "manifest.cache_path": os.path.join(directory, "manifests"), "api.listen": "127.0.0.1:0",
        }
        self.configure(**settings)
        self.daemon = Daemon(os.path.join(BIN, "seekfsd"), self.config, os.path.join(directory, "seekfsd.log"), self.environment)

    def configure(self, **settings):
        """Changes settings, written with __ for the dot (manifest__ttl="1s"); the next start sees them."""
        self.settings.update({key.replace("__", "."): value for key, value in settings.items()})
        for key in ("s3.secret_access_key", "s3.session_token"):
            if self.settings.get(key):
                outputs.keep_secret(self.settings[key])
        write_config(self.config, self.settings)

    def set_variables(self, **variables):
        """Sets variables of the environment of daemon and tools."""
        self.variables.update(variables)
        for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            if variables.get(name):
                outputs.keep_secret(variables[name])

    def start(self):
        self.daemon.start()

    def stop(self):
        self.keep_metrics()
        try:
            return self.daemon.stop()
        finally:
            self.keep_log()

    def kill(self):
        try:
            return self.daemon.kill()
        finally:
            self.keep_log()

    def ctl(self, *arguments):
        """Runs seekfs-ctl; returns the finished process (returncode, stdout, stderr)."""
        done = subprocess.run([os.path.join(BIN, "seekfs-ctl"), "--config", self.config, *arguments], env=self.environment(),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
        self.keep("ctl", f"{' '.join(arguments)}\n{done.stdout}{done.stderr}")
        return done

    def environment(self):
        """Nothing of the user's own caches and configuration."""
        return {**clean_environment(), "HOME": self.directory, "XDG_CACHE_HOME": os.path.join(self.directory, "cache"),
                "XDG_CONFIG_HOME": os.path.join(self.directory, "config"), **self.variables}

    def keep(self, kind, content):
        """Keeps an output for the search for secrets."""
        self.kept += 1
        outputs.keep(f"{os.path.basename(self.directory)}.{self.kept}.{kind}", content)

    def keep_log(self):
        """The daemon's log so far, all of it."""
        if os.path.exists(self.daemon.log):
            with open(self.daemon.log, "rb") as file:
                outputs.keep(f"{os.path.basename(self.directory)}.log", file.read())

    def keep_metrics(self):
        """Where a daemon runs that answers."""
        if self.daemon.process and self.daemon.process.poll() is None:
            with contextlib.suppress(OSError, ConnectionBroken), self.daemon.connect(timeout=5) as connection:
                self.keep("metrics", connection.request("GET", "/metrics").body)

    def manifest(self, version=1, ns=NS):
        """The manifest of a version as the store holds it."""
        path = os.path.join(self.store, "namespaces", ns, "manifests", f"v-{version}.json.gz")
        with gzip.open(path) as file:
            return json.load(file)

    def edit_manifest(self, edit, version=1, ns=NS):
        """Lets edit(manifest) change a published manifest in place, and mends the hash that its info records."""
        base = os.path.join(self.store, "namespaces", ns, "manifests", f"v-{version}")
        with open(base + ".json.gz", "rb") as file:
            old = file.read()
        manifest = json.loads(gzip.decompress(old))
        edit(manifest)
        text = json.dumps(manifest).encode()
        new = gzip.compress(text)
        with open(base + ".info.json", encoding="utf-8") as file:
            info = json.load(file)
        recorded = info["manifest_sha256"].removeprefix("sha256:")
        of_text = recorded == hashlib.sha256(gzip.decompress(old)).hexdigest()
        info["manifest_sha256"] = info["manifest_sha256"].replace(recorded, hashlib.sha256(text if of_text else new).hexdigest())
        for name, content in ((".json.gz", new), (".info.json", json.dumps(info).encode())):
            os.unlink(base + name)
            with open(base + name, "wb") as file:
                file.write(content)

    def object_of(self, path, version=1, ns=NS):
        """The file in the store that holds the bytes of a published file."""
        entry = next(entry for entry in self.manifest(version, ns)["files"] if entry["path"] == path)
        return os.path.join(self.store, entry["storage"]["key"])


class NodeTest(unittest.TestCase):
    """A test with a node of its own. What the test published is kept in `self.files` (path → bytes)."""
    settings = {}

    def setUp(self):
        directory = tempfile.mkdtemp(prefix="seekfs-test-")
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        self.node = Node(directory, **self.settings)
        self.addCleanup(self.node.kill)
        self.addCleanup(self.show_log)
        self.addCleanup(self.node.keep_metrics)
        self.files = {}

    def show_log(self):
        """Prints the end of the daemon's log when the test failed, before the directory goes."""
        if not self._outcome.success and os.path.exists(self.node.daemon.log):
            print(f"--- the end of seekfsd's log of {self.id()}:\n{self.node.daemon.log_end()}---", file=sys.stderr)

    def publish(self, files, *flags, ns=NS):
        """Writes the files (path → bytes) to a source directory and publishes it; returns seekfs-ctl's JSON report."""
        source = tempfile.mkdtemp(dir=self.node.directory)
        for path, content in files.items():
            full = os.path.join(source, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "wb") as file:
                file.write(content)
        done = self.node.ctl("--json", "publish", source, "--ns", ns, *flags)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.files.update(files)
        return json.loads(done.stdout)

    def get(self, target, headers=()):
        reply = self.node.daemon.get(target, headers)
        if reply.status >= 400:
            self.node.keep("problem", reply.body)
        return reply

    def assert_bytes(self, reply, expected):
        """A 200 with exactly these bytes; a difference is told by size and hash, not by megabytes of output."""
        self.assertEqual(reply.status, 200, reply.body[:300])
        self.assertEqual((len(reply.body), hashlib.sha256(reply.body).hexdigest()),
                         (len(expected), hashlib.sha256(expected).hexdigest()))

    def assert_blob(self, path, **query):
        self.assert_bytes(self.get(blob(path, **query)), self.files[path])

    def assert_problem(self, reply, status, code):
        """A problem document with this status and code."""
        self.assertEqual((reply.status, reply.headers.get("content-type")), (status, "application/problem+json"), reply.body[:300])
        told = json.loads(reply.body)
        self.assertEqual((told["status"], told["code"]), (status, code), told)
        self.assertTrue(told["title"] and told["detail"] and told["request_id"], told)
        return told

    def origin_gets(self):
        """GETs of data since the daemon started, for readers that waited."""
        return self.node.daemon.metric("seekfs_origin_requests_total", op="get", purpose="demand")


def main():
    # Tests with a thousand connections need as many descriptors, and the daemon that they start inherits the limit.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if {"s3_server", "fake_s3"} & set(sys.modules):
        outputs.note_s3()
    unittest.main()
