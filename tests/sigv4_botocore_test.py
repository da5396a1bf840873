#!/usr/bin/env python3
# Thousands of generated S3 requests, signed by our signer and by botocore's: canonical request and signature are equal.
"""Skips with the reason where no Python has botocore (Debian: python3-botocore). --seed and --count repeat a run."""
import datetime
import hashlib
import json
import os
import random
import subprocess
import sys
import unittest

SYSTEM_PYTHON = "/usr/bin/python3"
try:
    import botocore.auth
    import botocore.awsrequest
    import botocore.config
    import botocore.credentials
    import botocore.utils
except ImportError:
    # The distribution's package is seen by the distribution's Python only.
    if os.path.exists(SYSTEM_PYTHON) and os.path.realpath(sys.executable) != os.path.realpath(SYSTEM_PYTHON):
        os.execv(SYSTEM_PYTHON, [SYSTEM_PYTHON, *sys.argv])
    botocore = None

SEED = 20261125
COUNT = 6000
PIECES = ["a", "Z", "0", " ", "+", "=", "%", "~", "*", "/", "//", ".", "..", "/./", "/../", "%20", "%2F", "&", "?", "#", ":",
          "@", "!", "$", "'", "(", ")", ",", ";", "[", "]", "{", "}", "|", "\\", "^", "`", "<", ">", '"', "_", "-", "\t", "é",
          "日本", "😀", "e\u0301", "\u00a0", "\u2028", "shard-000", "train"]
PARAMETERS = ["list-type", "prefix", "delimiter", "start-after", "continuation-token", "max-keys", "uploadId", "partNumber",
              "uploads", "versionId", "encoding-type", "versions", "x-id", "A", "a-", "aa", "~"]
HEADERS = ["Range", "If-Match", "If-None-Match", "Content-Type", "x-amz-meta-note", "X-Amz-Server-Side-Encryption", "Cache-Control",
           "x-amz-copy-source", "Content-MD5"]
HOSTS = ["bucket.s3.eu-west-1.amazonaws.com", "127.0.0.1:9000", "localhost:443", "localhost:80", "s3.example.org"]


def text(rng, most):
    return "".join(rng.choice(PIECES) for _ in range(rng.randint(0, most)))


def header_value(rng):
    return "".join(rng.choice(["a", "B", "=", "-", '"', "/", " ", "  ", ",", "0"]) for _ in range(rng.randint(1, 12))).strip(" ") or "x"


def make_request(rng):
    scheme = rng.choice(["http", "https"])
    names = rng.sample(PARAMETERS, rng.choice([0, 0, 1, 2, 5]))
    body = rng.randbytes(rng.choice([0, 1, 100]))
    return {
        "method": rng.choice(["GET", "HEAD", "PUT", "POST", "DELETE"]),
        "scheme": scheme,
        "host": rng.choice(HOSTS),
        "path": "/" + rng.choice(["", "bucket/"]) + text(rng, 12),
        "query": [[name, text(rng, 4)] for name in names],
        "headers": [[name, header_value(rng)] for name in rng.sample(HEADERS, rng.randint(0, 4))],
        "body": body,
        "hashed": rng.random() < 0.5,
        "access_key_id": "AKIA" + "".join(rng.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=16)),
        "secret_access_key": "".join(rng.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/+", k=40)),
        "session_token": rng.choice(["", "", "".join(rng.choices("abcXYZ019+/=", k=200))]),
        "region": rng.choice(["us-east-1", "eu-central-1", "cn-north-1", "garage"]),
        "time": rng.randint(946_684_800, 4_102_444_799),
    }


def host_header(request):
    """What an HTTP client sends: the port only when it is not the scheme's own."""
    default = {"http": ":80", "https": ":443"}[request["scheme"]]
    return request["host"].removesuffix(default)


def for_our_signer(request):
    hashed = hashlib.sha256(request["body"]).hexdigest() if request["hashed"] else "UNSIGNED-PAYLOAD"
    kept = ("method", "path", "query", "access_key_id", "secret_access_key", "session_token", "region", "time")
    return {key: request[key] for key in kept} | {
        "headers": [["Host", host_header(request)], *request["headers"]], "payload_hash": hashed}


def sign_with_botocore(request):
    moment = datetime.datetime.fromtimestamp(request["time"], datetime.timezone.utc).replace(tzinfo=None)

    class Clock(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return moment

        @classmethod
        def now(cls, tz=None):
            return moment.replace(tzinfo=tz)

    credentials = botocore.credentials.Credentials(request["access_key_id"], request["secret_access_key"], request["session_token"] or None)
    path = botocore.utils.percent_encode(request["path"], safe="/~")
    made = botocore.awsrequest.AWSRequest(
        method=request["method"], url=f"{request['scheme']}://{request['host']}{path}", params=dict(request["query"]),
        headers=dict(request["headers"]), data=request["body"])
    made.context["client_config"] = botocore.config.Config(s3={"payload_signing_enabled": request["hashed"]})
    seen = {}

    class Signer(botocore.auth.S3SigV4Auth):
        def string_to_sign(self, signed, canonical_request):
            seen["canonical_request"] = canonical_request
            seen["string_to_sign"] = super().string_to_sign(signed, canonical_request)
            return seen["string_to_sign"]

    replaced, botocore.auth.datetime.datetime = botocore.auth.datetime.datetime, Clock
    try:
        Signer(credentials, "s3", request["region"]).add_auth(made)
    finally:
        botocore.auth.datetime.datetime = replaced
    return seen | {"authorization": made.headers["Authorization"]}


@unittest.skipIf(botocore is None, "no Python here has botocore; on Debian it is the package python3-botocore")
class BotocoreTest(unittest.TestCase):
    def test_generated_requests_are_signed_alike(self):
        rng = random.Random(SEED)
        requests = [make_request(rng) for _ in range(COUNT)]
        lines = "".join(json.dumps(for_our_signer(request)) + "\n" for request in requests)
        program = os.path.join(os.environ["SEEKFS_BIN"], "sign_requests")
        run = subprocess.run([program], input=lines.encode(), stdout=subprocess.PIPE, check=True)
        ours = [json.loads(line) for line in run.stdout.splitlines()]
        self.assertEqual(len(ours), len(requests))
        for number, (request, our) in enumerate(zip(requests, ours)):
            theirs = sign_with_botocore(request)
            for part in ("canonical_request", "string_to_sign", "authorization"):
                self.assertEqual(our[part], theirs[part], f"request {number} of seed {SEED}: {request}")


if __name__ == "__main__":
    for option in ("--seed", "--count"):
        if option in sys.argv:
            at = sys.argv.index(option)
            globals()[option[2:].upper()] = int(sys.argv[at + 1])
            del sys.argv[at:at + 2]
    unittest.main()
