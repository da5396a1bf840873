# What all peers are measured on: one data set in one S3 server behind one delaying proxy, all on loopback.
"""The data set is uploaded under its own names, anyone may read the bucket, and SeekFS publishes the objects where they lie."""
import concurrent.futures
import json
import os
import re
import select
import subprocess

from processes import Failed, end, run_to_end, start, tail
from s3_client import S3Client
from s3_server import ACCESS_KEY, BUCKET, SECRET_KEY, S3Server
from seekfs_process import clean_environment, write_config

READY = re.compile(r"delay-proxy ready on (\S+) metrics (\S+)")
PUBLIC = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject"],
                                                   "Resource": [f"arn:aws:s3:::{BUCKET}/*"]}]}


class TestBed:
    """start() and stop() once each; `work`: an empty folder of its own on a file system with extended attributes."""

    bucket, prefix, region = BUCKET, "data", "us-east-1"
    credentials = (ACCESS_KEY, SECRET_KEY)

    def __init__(self, work, binaries, size, latency, jitter, verify, interrupts, precedence):
        """`size`: how many shards of how many MiB and small files. `latency`, `jitter`: as seekfs-bench delay-proxy takes them.
        `verify`: as seekfs-bench run does."""
        self.work, self.binaries, self.size = work, binaries, size
        self.interrupts, self.precedence = interrupts, precedence
        self.latency, self.jitter, self.verify = latency, jitter, verify
        self.data = os.path.join(work, "data")
        self.server = S3Server("versitygw", os.path.join(work, "server"))
        self.proxy = self.endpoint = self.metrics_url = None

    def program(self, name):
        return os.path.join(self.binaries, name)

    def plain_environment(self):
        """Without credentials and configuration of anybody."""
        return clean_environment() | {"AWS_EC2_METADATA_DISABLED": "true"}

    def environment(self):
        """With the store's credentials."""
        return self.plain_environment() | {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
                                           "AWS_REGION": self.region}

    def seekfs_settings(self):
        """The store as SeekFS's configuration says it; the endpoint is the server's own."""
        return {"store.type": "s3", "s3.endpoint": self.server.endpoint, "s3.bucket": BUCKET, "s3.region": self.region}

    def run(self, *command, environment=None, timeout=300):
        """Runs one of SeekFS's programs; its output when it succeeds."""
        done = run_to_end([self.program(command[0]), *command[1:]], environment or self.environment(), self.interrupts, timeout)
        if done.returncode:
            raise Failed(f"{command[0]} {command[1]}: {(done.stderr or done.stdout).strip()[-400:]}")
        return done.stdout

    def start(self):
        self.run("seekfs-bench", "prepare", self.data, "--shards", str(self.size["shards"]), "--shard-size",
                 f"{self.size['shard_mib']}MiB", "--small-files", str(self.size["small"]), "--small-size", "4KiB-256KiB", "--seed", "1")
        with self.interrupts.held_back():
            self.server.start()
            self.precedence.give(self.server.process.pid)
        self.upload()
        self.publish("bench")
        self.publish("bench-8m", "--page-size", "8MiB")
        with self.interrupts.held_back():
            self.start_proxy()

    def upload(self):
        client = S3Client(self.server.endpoint, BUCKET, ACCESS_KEY, SECRET_KEY, self.region)

        def put(path):
            with open(path, "rb") as file:
                client.put(f"{self.prefix}/{os.path.relpath(path, self.data)}", file.read())

        files = [os.path.join(folder, name) for folder, _, names in os.walk(self.data) for name in names]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(put, files))
        client.call("PUT", "", query=[("policy", "")], body=json.dumps(PUBLIC).encode())

    def publish(self, namespace, *options):
        config = os.path.join(self.work, "publish.toml")
        write_config(config, self.seekfs_settings() | {"manifest.cache_path": ""})
        self.run("seekfs-ctl", "--config", config, "publish", f"s3:{self.prefix}/", "--ns", namespace, *options)

    def start_proxy(self):
        command = [self.program("seekfs-bench"), "delay-proxy", "--to", self.server.endpoint.removeprefix("http://"), "--latency",
                   self.latency, "--jitter", self.jitter, "--metrics", "127.0.0.1:0"]
        log = os.path.join(self.work, "proxy.log")
        self.proxy = start(command, log, self.plain_environment(), stdout=subprocess.PIPE)
        ready, _, _ = select.select([self.proxy.stdout], [], [], 30)
        found = READY.match(self.proxy.stdout.readline().decode()) if ready else None
        if not found:
            raise Failed(f"the delaying proxy did not start{tail(log)}")
        self.precedence.give(self.proxy.pid)
        self.endpoint, self.metrics_url = "http://" + found[1], found[2]

    def stop(self):
        """Harmless when it was not started, or not wholly."""
        with self.interrupts.held_back():
            if self.proxy is not None:
                end(self.proxy)
                self.proxy.stdout.close()
            self.server.stop()
