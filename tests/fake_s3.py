# The faulty S3 server of the C++ tests as a process: scripted by a test, with counts by second of what it was asked.
"""Standard library only. src/objectstore/s3/fake_s3_testing_main.cc says what can be scripted."""
import json
import os
import re
import subprocess
import urllib.request

import harness

BUCKET = "bucket"
SECRET_KEY = "secret-of-nobody-that-no-log-may-hold"


class FakeS3:
    """Ends with stop(), and by itself when this process does."""

    def __init__(self):
        self.process = subprocess.Popen([os.path.join(harness.BIN, "fake_s3"), BUCKET], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        found = re.match(r"fake_s3 ready on (http://\S+)", line)
        if not found:
            self.stop()
            raise RuntimeError(f"fake_s3 is not ready: it said {line!r}")
        self.url = found[1]

    def stop(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()

    def settings(self, access_key="AKIDFAKEFAKEFAKE"):
        """The configuration of SeekFS that uses it, as keywords of Node.configure()."""
        return {"store__type": "s3", "store__path": "", "s3__endpoint": self.url, "s3__bucket": BUCKET,
                "s3__access_key_id": access_key, "s3__secret_access_key": SECRET_KEY}

    def ask(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data), timeout=60) as reply:
            return json.load(reply)

    def script(self, *rules, **throttle):
        """Replaces all faults and the throttle (per_second=N), and begins a new record."""
        self.ask("/-/script", {"rules": rules, **throttle})

    def seconds(self):
        """[requests, those refused with 503] of each second since the record began; the last one is under way."""
        return self.ask("/-/record")["seconds"]

    def log(self):
        """The newest 20,000 requests, oldest first."""
        return self.ask("/-/log")["log"]
