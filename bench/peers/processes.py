# Child processes of a measurement: started in sessions of their own, waited for, and ended by their number.
"""Standard library only."""
import os
import signal
import socket
import subprocess
import time

PATIENCE_SECONDS = 30


class Failed(Exception):
    """A program did not do what it had to; the text says what it said."""


def wait_until(condition, what, log=None, process=None, seconds=PATIENCE_SECONDS):
    """Asks until `condition()` is true; Failed when it takes too long or the process has ended."""
    deadline = time.monotonic() + seconds
    while not condition():
        if process is not None and process.poll() is not None:
            raise Failed(f"{what}: it ended with {process.returncode}{tail(log)}")
        if time.monotonic() > deadline:
            raise Failed(f"{what}: not within {seconds} s{tail(log)}")
        time.sleep(0.02)


def tail(path):
    """The end of a log, for an error."""
    if not path or not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8", errors="replace") as file:
        return "; its log ends: " + " / ".join(line.strip() for line in file.readlines()[-4:])


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def start(command, log, environment, stdout=None):
    """A process whose output goes to `log`; a Ctrl-C at the terminal does not reach it: its starter ends it."""
    with open(log, "ab") as out:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout or out, stderr=out, env=environment,
                                start_new_session=True)


def run_to_end(command, environment, interrupts, seconds):
    """subprocess.run() with its output, whose child outlives no interrupt, not even one that comes while it is being started."""
    process = None
    try:
        with interrupts.held_back():
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                       env=environment)
        output, errors = process.communicate(timeout=seconds)
    finally:
        end(process)
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


def end(process, patience=10):
    """SIGTERM, then SIGKILL. Harmless when it has ended, or is None."""
    if process is None:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            pass


def first_line(*command):
    """What a program says first, as its version; empty when it says nothing."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS)
    lines = (done.stdout + done.stderr).strip().splitlines()
    return lines[0].strip() if lines else ""
