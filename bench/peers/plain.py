# Plain GETs of the store, one a read: what every cache has to beat.
from peer import Peer


class Plain(Peer):
    name = "plain GETs"
    has_cache = False

    def version(self):
        return "seekfs-bench's own client, one connection a thread"

    def target(self):
        return f"s3:{self.bed.endpoint}/{self.bed.bucket}/{self.bed.prefix}"

    def client_environment(self):
        return self.bed.environment()

    def start(self):
        """There is nothing to start."""

    def stop(self):
        """There is nothing to stop."""
