#!/usr/bin/env python3
# The contract's suite of every store on a real S3 server: versitygw, or MinIO with --server minio. What a server does not
# do as S3 does is listed, with its reason, in src/objectstore/s3/server_contract_testing_main.cc and printed here.
import argparse
import os
import subprocess
import sys
import tempfile

import harness
import outputs
from s3_server import ACCESS_KEY, BUCKET, SECRET_KEY, S3Server


def main():
    parser = argparse.ArgumentParser(description="The contract's suite of every store on a real S3 server.")
    parser.add_argument("--server", choices=["versitygw", "minio"], default="versitygw")
    parser.add_argument("-v", action="store_true", help="as the other tests have it; nothing more is printed")
    arguments, for_gtest = parser.parse_known_args()
    with tempfile.TemporaryDirectory(prefix="seekfs-test-") as directory:
        server = S3Server(arguments.server, directory)
        server.start()
        try:
            environment = dict(os.environ, SEEKFS_S3_SERVER=arguments.server, SEEKFS_S3_ENDPOINT=server.endpoint,
                               SEEKFS_S3_BUCKET=BUCKET, AWS_ACCESS_KEY_ID=ACCESS_KEY, AWS_SECRET_ACCESS_KEY=SECRET_KEY)
            suite = os.path.join(harness.BIN, "s3_server_contract")
            outputs.keep_secret(SECRET_KEY)
            ran = subprocess.run([suite, "--gtest_brief=1", *for_gtest], env=environment, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
            outputs.keep(f"suite-on-{arguments.server}", ran.stdout)
            print(ran.stdout, end="")
            return ran.returncode
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
