# Mountpoint for Amazon S3 with its disk cache.
from mount import Mount
from peer import find_program


class MountpointS3(Mount):
    name = "mountpoint-s3"
    program = "mount-s3"

    def command(self):
        return [find_program("mount-s3"), self.bed.bucket, self.place, "--prefix", self.bed.prefix + "/", "--endpoint-url",
                self.bed.endpoint, "--region", self.bed.region, "--force-path-style", "--read-only", "--cache", self.cache,
                "--foreground"]
