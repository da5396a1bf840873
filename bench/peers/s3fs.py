# s3fs with its disk cache (use_cache).
import os

from mount import Mount
from peer import find_program


class S3fs(Mount):
    name = "s3fs"
    program = "s3fs"

    def command(self):
        return [find_program("s3fs"), f"{self.bed.bucket}:/{self.bed.prefix}", self.place, "-f", "-o", f"url={self.bed.endpoint}",
                "-o", "use_path_request_style", "-o", f"use_cache={self.cache}", "-o", f"endpoint={self.bed.region}",
                "-o", "ro", "-o", f"passwd_file={self.password_file}"]

    @property
    def password_file(self):
        return os.path.join(self.folder, "password")

    def prepare(self):
        super().prepare()
        access, secret = self.bed.credentials
        with open(os.open(self.password_file, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
            file.write(f"{access}:{secret}\n")

    def environment(self):
        return self.bed.plain_environment()
