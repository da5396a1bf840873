# SeekFS itself with L1 and L2, once for each fetch policy.
import os

from peer import Peer
from processes import first_line
from seekfs_process import Daemon, DaemonFailed, write_config
from processes import Failed


class SeekFS(Peer):
    is_ours = True
    policy = "balanced"
    namespace = "bench"

    def __init__(self, bed, folder):
        super().__init__(bed, folder)
        self.daemon = None

    def version(self):
        return first_line(self.bed.program("seekfsd"), "--version")

    def target(self):
        return self.daemon.url

    def start(self):
        os.makedirs(self.cache, exist_ok=True)
        config = os.path.join(self.folder, "seekfs.toml")
        settings = self.bed.seekfs_settings() | {
            "s3.endpoint": self.bed.endpoint, "cache.l1_memory": "1GiB", "cache.l2.backend": "segmentstore",
            "cache.l2.segment_path": os.path.join(self.cache, "l2"), "cache.l2.capacity": "8GiB",
            "manifest.cache_path": os.path.join(self.cache, "manifests"), "api.listen": "127.0.0.1:0", "log.level": "warning"}
        if self.policy != "balanced":
            settings["s3.fetch_policy"] = self.policy
        write_config(config, settings)
        self.daemon = Daemon(self.bed.program("seekfsd"), config, self.log, self.bed.environment)
        try:
            self.daemon.start()
            self.bed.precedence.give(self.daemon.process.pid)
        except DaemonFailed as error:
            raise Failed(str(error)) from None

    def stop(self):
        if self.daemon is not None:
            try:
                self.daemon.stop()
            except DaemonFailed as error:
                raise Failed(str(error)) from None
            finally:
                self.daemon = None
        super().stop()


class Balanced(SeekFS):
    name = "SeekFS balanced"


class Latency(SeekFS):
    name, policy = "SeekFS latency", "latency"


class FewestGets(SeekFS):
    name, policy = "SeekFS fewest-gets", "fewest-gets"


class LargePages(SeekFS):
    """The same planner on pages of 8 MiB, one a GET, as caches of whole windows do it: none waits for another, and none is the tail
    of a GET. What small pages are worth."""

    name, namespace, policy = "SeekFS, 8 MiB pages", "bench-8m", "latency"
