# geesefs with its disk cache.
from mount import Mount
from peer import find_program


class Geesefs(Mount):
    name = "geesefs"
    program = "geesefs"

    def command(self):
        return [find_program("geesefs"), "-f", "--endpoint", self.bed.endpoint, "--region", self.bed.region, "--cache", self.cache,
                "-o", "ro", f"{self.bed.bucket}:{self.bed.prefix}", self.place]
