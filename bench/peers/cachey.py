# cachey with memory and disk cache.
from peer import Peer, find_program
from processes import accepts, free_port


class Cachey(Peer):
    name = "cachey"
    program = "cachey"

    def prepare(self):
        self.port = free_port()

    def command(self):
        return [find_program("cachey"), "--port", str(self.port), "--memory", "1GiB", "--disk-path", self.cache, "--disk-capacity",
                "8GiB"]

    def environment(self):
        return self.bed.environment() | {"AWS_ENDPOINT_URL_S3": self.bed.endpoint, "AWS_REGION": self.bed.region}

    def is_ready(self):
        return accepts(self.port)

    def target(self):
        return f"s3:http://127.0.0.1:{self.port}/fetch/{self.bed.bucket}/{self.bed.prefix}"
