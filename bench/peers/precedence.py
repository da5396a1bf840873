# Putting everything that is measured before other sessions of a busy machine.
"""Between sessions the kernel shares processors by session (autogroup), not by nice(1); each peer has a session of its own."""
import contextlib


class Precedence:
    """Does nothing unless `wanted`."""

    def __init__(self, wanted):
        self.wanted = wanted

    def give(self, process, nice=-15):
        """To the session of a process, which is its number or "self"."""
        if not self.wanted:
            return
        with open(f"/proc/{process}/autogroup", "w", encoding="ascii") as file:
            file.write(str(nice))

    @contextlib.contextmanager
    def of_this_session(self):
        """seekfs-bench runs in it, and perhaps the shell that started all this."""
        self.give("self")
        try:
            yield
        finally:
            self.give("self", 0)
