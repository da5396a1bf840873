# What all programs that are measured have in common: how one is found, started with an empty cache, and stopped.
"""A driver is a class of one file of this folder, and a line in catalogue.py."""
import os
import shutil

from processes import end, first_line, start, wait_until

# Where tools/install-bench-peers puts what it builds.
BUILT = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "seekfs", "bin")


def find_program(name):
    """A program on PATH or among those that were built for this; None when there is none."""
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join([BUILT, "/usr/sbin", "/sbin"]))


class Peer:
    """One program between readers and the store. start() and stop() alternate; each start finds an empty cache."""

    name = ""  # in tables
    program = None  # that has to be installed
    has_cache = True
    is_ours = False

    def __init__(self, bed, folder):
        """`bed`: the TestBed. `folder`: nobody else's."""
        self.bed, self.folder = bed, folder
        self.process = None
        self.log = os.path.join(folder, "log")
        self.cache = os.path.join(folder, "cache")

    def missing(self):
        """Why it can't be measured; None when it can."""
        return None if self.program is None or find_program(self.program) else f"{self.program} is not installed"

    def version(self):
        return first_line(find_program(self.program), "--version")

    def target(self):
        """What seekfs-bench reads while it runs."""
        raise NotImplementedError

    def command(self):
        """The command line that starts it, in the foreground."""
        raise NotImplementedError

    def environment(self):
        """Its own; the store's credentials are in it."""
        return self.bed.environment()

    def client_environment(self):
        """That of seekfs-bench."""
        return self.bed.plain_environment()

    def is_ready(self):
        raise NotImplementedError

    def prepare(self):
        """Before each start: files that it needs."""

    def start(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.cache)
        self.prepare()
        self.process = start(self.command(), self.log, self.environment())
        self.bed.precedence.give(self.process.pid)
        wait_until(self.is_ready, f"starting {self.name}", self.log, self.process)

    def stop(self):
        """Harmless when it does not run."""
        end(self.process)
        self.process = None
        shutil.rmtree(self.cache, ignore_errors=True)
