# A real S3 server on loopback with one bucket: versitygw or MinIO, as tools/install-s3-servers builds them.
"""For tools/dev-s3, quickstart and tests. Standard library only."""
import json
import os
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request

TOOLS = os.path.dirname(os.path.abspath(__file__))
BUCKET = "seekfs"
# Of a server that nobody but this machine reaches.
ACCESS_KEY, SECRET_KEY = "seekfs-dev-access", "seekfs-dev-secret-key"
READY_SECONDS = 60


class ServerFailed(Exception):
    """The server ended or did not answer; the text names its log."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def install(kind):
    """The program's path; builds it first when it is missing, which takes minutes."""
    installer = os.path.join(TOOLS, "install-s3-servers")
    if subprocess.run([installer, kind], check=False).returncode:
        raise ServerFailed(f"{kind} could not be installed (above)")
    return subprocess.run([installer, "--path", kind], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def start_time(pid):
    """When the process began, in ticks since boot; None when there is no such process, or it has ended."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[19])


class S3Server:
    """State lies in `directory`, so that another process finds the server again. A bucket is a folder of the data."""

    def __init__(self, kind, directory, versioning=False, region="us-east-1", certificate=None):
        """`versioning`: the bucket can be made a versioned one. `certificate`: PEM files of certificate, key and authority
        with which it speaks HTTPS. Region and certificate are of versitygw only."""
        self.kind, self.directory, self.versioning = kind, directory, versioning
        self.region, self.certificate = region, certificate
        self.data, self.log = os.path.join(directory, "data"), os.path.join(directory, "log")
        self.state_file = os.path.join(directory, "state.json")
        self.process = None  # when this object started it

    def state(self):
        """Of the server that runs: pid and port; None when none does."""
        try:
            with open(self.state_file, encoding="utf-8") as file:
                state = json.load(file)
        except (OSError, ValueError):
            return None
        # Another process may have got the number since.
        return state if start_time(state["pid"]) == state["began"] else None

    @property
    def endpoint(self):
        return self.url(self.state()["port"])

    def url(self, port):
        return f"{'https' if self.certificate else 'http'}://127.0.0.1:{port}"

    def settings(self):
        """The configuration of SeekFS that uses it."""
        return {"store.type": "s3", "s3.endpoint": self.endpoint, "s3.bucket": BUCKET, "s3.access_key_id": ACCESS_KEY,
                "s3.secret_access_key": SECRET_KEY}

    def command(self, port):
        program, address = install(self.kind), f"127.0.0.1:{port}"
        if self.kind == "minio":
            return [program, "server", "--quiet", "--address", address, self.data]
        versions = ["--versioning-dir", os.path.join(self.directory, "versions")] if self.versioning else []
        tls = ["--cert", self.certificate[0], "--key", self.certificate[1]] if self.certificate else []
        return [program, "--port", address, "--region", self.region, *tls, "--quiet", "--keep-alive", "posix", *versions,
                self.data]

    def start(self, port=0):
        """Returns once it answers. Harmless when it runs."""
        if self.state():
            return
        os.makedirs(os.path.join(self.data, BUCKET), exist_ok=True)
        os.makedirs(os.path.join(self.directory, "versions"), exist_ok=True)
        port = port or free_port()
        command = self.command(port)
        environment = dict(os.environ, ROOT_ACCESS_KEY=ACCESS_KEY, ROOT_SECRET_KEY=SECRET_KEY, MINIO_ROOT_USER=ACCESS_KEY,
                           MINIO_ROOT_PASSWORD=SECRET_KEY, MINIO_BROWSER="off")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
                                            start_new_session=True)
        with open(self.state_file, "w", encoding="utf-8") as file:
            json.dump({"pid": self.process.pid, "began": start_time(self.process.pid), "port": port}, file)
        self.wait_until_ready(port)

    def wait_until_ready(self, port):
        deadline = time.monotonic() + READY_SECONDS
        trust = ssl.create_default_context(cafile=self.certificate[2]) if self.certificate else None
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.url(port)}/{BUCKET}", timeout=5, context=trust).close()
                return
            except urllib.error.HTTPError as answer:
                if answer.code == 403:  # it wants a signature: it serves
                    return
            except OSError:
                pass
            time.sleep(0.1)
        self.stop()
        raise ServerFailed(f"{self.kind} does not answer on port {port}; its log is {self.log}")

    def stop(self):
        """SIGTERM, then SIGKILL; the data stays. Harmless when it does not run."""
        state = self.state()
        for kind, patience in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
            if not state:
                break
            os.kill(state["pid"], kind)
            deadline = time.monotonic() + patience
            while time.monotonic() < deadline and start_time(state["pid"]) == state["began"]:
                if self.process:
                    self.process.poll()  # or it would stay as a zombie
                time.sleep(0.05)
            state = self.state()
        if self.process:
            self.process.wait()
            self.process = None
        if os.path.exists(self.state_file):
            os.remove(self.state_file)
