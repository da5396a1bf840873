# rclone mount with its full cache.
from mount import Mount
from peer import find_program


class Rclone(Mount):
    name = "rclone mount"
    program = "rclone"

    def version(self):
        return super().version() + ", --vfs-cache-mode full"

    def command(self):
        # Times of modification by the list: asking for each would cost a HEAD a file.
        return [find_program("rclone"), "mount", f":s3:{self.bed.bucket}/{self.bed.prefix}", self.place, "--config", "/dev/null",
                "--read-only", "--vfs-cache-mode", "full", "--cache-dir", self.cache, "--dir-cache-time", "1h",
                "--use-server-modtime", "--s3-no-check-bucket"]

    def environment(self):
        return self.bed.environment() | {
            "RCLONE_S3_PROVIDER": "Other", "RCLONE_S3_ENDPOINT": self.bed.endpoint, "RCLONE_S3_ENV_AUTH": "true",
            "RCLONE_S3_REGION": self.bed.region, "RCLONE_S3_FORCE_PATH_STYLE": "true"}
