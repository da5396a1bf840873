# SIGINT and SIGTERM as KeyboardInterrupt, but not while something is being started or stopped.
import contextlib
import signal


class Interrupts:
    """Of the main thread; one object a process."""

    def __init__(self):
        self.depth, self.pending = 0, False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.handle)

    def handle(self, *_):
        self.pending = True
        self.tell()

    def tell(self):
        if self.pending and self.depth == 0:
            self.pending = False
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def held_back(self):
        """What comes meanwhile is told at the end."""
        self.depth += 1
        try:
            yield
        finally:
            self.depth -= 1
        self.tell()
