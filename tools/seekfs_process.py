# A running seekfsd as a Python object: configuration file, ready line, requests, metrics, stop. For scripts and tests.
"""Standard library only. One Daemon object is used by one thread; Connection objects are independent of it."""
import os
import re
import select
import signal
import socket
import subprocess
import time
import urllib.parse

READY = re.compile(r"^seekfsd ready on (http://\S+)(?: unix:\S+)*$")
SAMPLE = re.compile(r'^([a-z0-9_]+)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def write_config(path, settings):
    """Writes {"cache.l2.backend": "none", ...} as TOML."""
    tables = {}
    for key, value in settings.items():
        table, _, name = key.rpartition(".")
        tables.setdefault(table, []).append(f"{name} = {toml_value(value)}")
    with open(path, "w", encoding="utf-8") as file:
        for table, lines in tables.items():
            file.write(f"[{table}]\n" + "\n".join(lines) + "\n")


def toml_value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def clean_environment():
    """The environment without configuration of SeekFS and of AWS tools, so that only the given file counts."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("SEEKFS_", "AWS_"))}


class DaemonFailed(Exception):
    """seekfsd ended, or did not become ready; the text holds the end of its log."""


class Daemon:
    """seekfsd with one configuration file; it can be started again after it was stopped."""

    def __init__(self, binary, config, log, environment=clean_environment):
        """`environment` is called at each start."""
        self.binary, self.config, self.log, self.environment = binary, config, log, environment
        self.process = None
        self.url = None

    def start(self, timeout=30.0):
        """Returns once the ready line has come."""
        with open(self.log, "ab") as log:
            # A session of its own: a Ctrl-C at the terminal reaches the caller, who stops the daemon in order.
            self.process = subprocess.Popen([self.binary, "--config", self.config], stdin=subprocess.DEVNULL, stderr=log,
                                            stdout=subprocess.PIPE, env=self.environment(), start_new_session=True)
        line = self.read_line(time.monotonic() + timeout)
        found = READY.match(line)
        if not found:
            code = self.process.poll()
            self.kill()
            raise DaemonFailed(f"seekfsd is not ready (it said {line!r}, exit code {code}); the end of {self.log}:\n{self.log_end()}")
        self.url = found[1]

    def read_line(self, deadline):
        """The first line of the daemon's stdout, or what came of it until it ended or the deadline passed."""
        out, text = self.process.stdout.fileno(), b""
        while not text.endswith(b"\n"):
            ready, _, _ = select.select([out], [], [], max(0.0, deadline - time.monotonic()))
            chunk = os.read(out, 1) if ready else b""
            if not chunk:
                break
            text += chunk
        if not text.endswith(b"\n"):
            try:
                self.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                pass
        return text.decode(errors="replace").rstrip("\n")

    def log_end(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-20:])

    @property
    def address(self):
        parts = urllib.parse.urlsplit(self.url)
        return parts.hostname, parts.port

    def stop(self, timeout=30.0):
        """SIGTERM; returns the exit code. What outlives the time-out is killed, and that raises."""
        if self.process is None or self.process.poll() is not None:
            return self.kill()
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise DaemonFailed(f"seekfsd did not stop within {timeout:.0f} s of SIGTERM") from None
        finally:
            self.process.stdout.close()

    def kill(self):
        """kill -9; returns the exit code. Harmless when it has ended."""
        if self.process is None:
            return None
        self.process.kill()
        code = self.process.wait()
        self.process.stdout.close()
        return code

    def connect(self, timeout=60.0):
        return Connection(self.address, timeout)

    def get(self, target, headers=()):
        """One request on a connection of its own."""
        with self.connect() as connection:
            return connection.request("GET", target, headers=headers)

    def metric(self, name, **labels):
        """The sum of the samples of this name that carry these labels; 0 when there is none."""
        total = 0.0
        for line in self.get("/metrics").body.decode().splitlines():
            found = SAMPLE.match(line)
            if found and found[1] == name:
                have = dict(LABEL.findall(found[2] or ""))
                if all(have.get(key) == value for key, value in labels.items()):
                    total += float(found[3])
        return total


class Reply:
    """A whole HTTP reply; header names are lower case."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body


class ConnectionBroken(Exception):
    """The connection ended before the reply did."""


class Connection:
    """A keep-alive HTTP/1.1 connection over a plain socket: several times as fast as http.client on small replies."""

    def __init__(self, address, timeout=60.0):
        self.host = f"{address[0]}:{address[1]}"
        self.socket = socket.create_connection(address, timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = memoryview(bytearray(1 << 20))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def request(self, method, target, body=b"", headers=()):
        """Sends a request and returns the whole Reply."""
        parts = []
        status, fields = self.exchange(method, target, body, headers, lambda _, piece: parts.append(bytes(piece)))
        return Reply(status, fields, b"".join(parts))

    def exchange(self, method, target, body, headers, take):
        """Sends a request; hands the body to take(status, memoryview) piece by piece; returns status and headers."""
        head = [f"{method} {target} HTTP/1.1", f"Host: {self.host}"]
        if body or method in ("POST", "PUT"):
            head.append(f"Content-Length: {len(body)}")
        head += [f"{name}: {value}" for name, value in headers]
        self.socket.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)
        return self.read_reply(method == "HEAD", take)

    def receive(self, buffer, limit, what):
        """Up to `limit` bytes; raises ConnectionBroken, naming what is missing, when the other side has ended it."""
        try:
            got = self.socket.recv_into(buffer, limit)
        except ConnectionResetError:
            got = 0
        if not got:
            raise ConnectionBroken(f"the connection ended {what}")
        return got

    def read_reply(self, without_body, take):
        filled, end = 0, -1
        while end < 0:
            rest = self.buffer[filled:]
            filled += self.receive(rest, len(rest), f"within the reply's header, after {filled} bytes")
            end = self.buffer.obj.find(b"\r\n\r\n", 0, filled)
        lines = bytes(self.buffer[:end]).decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ", 2)[1])
        fields = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            fields[name.lower()] = value.strip()
        if without_body or status in (204, 304):
            return status, fields
        left = int(fields["content-length"]) - (filled - end - 4)
        if filled > end + 4:
            take(status, self.buffer[end + 4:filled])
        while left > 0:
            got = self.receive(self.buffer, min(left, len(self.buffer)), f"{left} bytes short of Content-Length")
            take(status, self.buffer[:got])
            left -= got
        return status, fields
