#!/usr/bin/env python3
# Whole-program test: the variables and files of AWS's own tools suffice beside the bucket's name, and HTTPS with an authority of
# one's own works by AWS_CA_BUNDLE alone.
import json
import os
import shutil
import subprocess
import tempfile

import harness
import outputs
from harness import oracle
from s3_server import ACCESS_KEY, BUCKET, SECRET_KEY, S3Server

REGION = "eu-test-1"


def openssl(directory, *arguments):
    subprocess.run(["openssl", *arguments], cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, check=True)


def make_certificates(directory):
    """ca.pem, a certificate of 127.0.0.1 by it in server.pem and server.key, and other.pem, which signed nothing."""
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    for name in ("ca", "other"):
        openssl(directory, "req", "-x509", *new_key, "-days", "2", "-subj", f"/CN=SeekFS test {name}", "-keyout", f"{name}.key",
                "-out", f"{name}.pem")
    openssl(directory, "req", *new_key, "-subj", "/CN=SeekFS test server", "-keyout", "server.key", "-out", "server.csr")
    with open(os.path.join(directory, "names"), "w", encoding="ascii") as file:
        file.write("subjectAltName=IP:127.0.0.1\n")
    openssl(directory, "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "names", "-out", "server.pem")


class AwsEnvironmentTest(harness.NodeTest):
    @classmethod
    def setUpClass(cls):
        cls.certificates = tempfile.mkdtemp(prefix="seekfs-certificates-")
        cls.addClassCleanup(shutil.rmtree, cls.certificates)
        make_certificates(cls.certificates)

    def pem(self, name):
        return os.path.join(self.certificates, name)

    def setUp(self):
        super().setUp()
        self.server = S3Server("versitygw", os.path.join(self.node.directory, "s3"), region=REGION,
                               certificate=(self.pem("server.pem"), self.pem("server.key"), self.pem("ca.pem")))
        self.addCleanup(self.server.stop)
        self.server.start()
        self.node.settings = {}
        self.node.configure(s3__bucket=BUCKET)
        outputs.keep_secret(SECRET_KEY)
        os.mkdir(os.path.join(self.node.directory, ".aws"))
        with open(os.path.join(self.node.directory, ".aws", "credentials"), "w", encoding="ascii") as file:
            file.write("[default]\naws_access_key_id = nobody\naws_secret_access_key = nothing\n"
                       f"[work]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n")
        self.node.set_variables(AWS_PROFILE="work", AWS_REGION=REGION, AWS_ENDPOINT_URL_S3=self.server.endpoint,
                                AWS_CA_BUNDLE=self.pem("ca.pem"), AWS_EC2_METADATA_DISABLED="true")

    def doctor(self, code):
        """Check → finding."""
        done = self.node.ctl("--json", "doctor")
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return {finding["check"]: finding for finding in map(json.loads, done.stdout.splitlines())}

    def test_a_bucket_and_the_variables_are_enough(self):
        self.publish({"a": oracle("a", 300_000)})
        self.assertEqual(self.node.ctl("verify", harness.NS).returncode, 0)
        self.node.set_variables(SEEKFS_API__LISTEN="127.0.0.1:0", SEEKFS_CACHE__L2__BACKEND="none",
                                SEEKFS_MANIFEST__CACHE_PATH=os.path.join(self.node.directory, "manifests"))
        self.node.start()
        self.assert_blob("a")

    def test_doctor_says_where_each_comes_from(self):
        found = self.doctor(0)
        self.assertIn(f"s3://{BUCKET} at {self.server.endpoint}, region {REGION} (", found["configuration"]["detail"])
        self.assertIn("AWS_REGION", found["configuration"]["detail"])
        self.assertIn("path-style", found["configuration"]["detail"])
        self.assertIn("profile 'work'", found["credentials"]["detail"])
        self.assertEqual(found["bucket"]["status"], "ok", found["bucket"])

    def test_without_the_region_doctor_tells_which_it_is(self):
        self.node.set_variables(AWS_REGION="")
        found = self.doctor(0)
        self.assertEqual(found["bucket"]["status"], "warn", found["bucket"])
        self.assertIn(f'set [s3] region = "{REGION}"', found["bucket"]["fix"])
        self.assertEqual(self.node.ctl("ns", "ls").returncode, 0)

    def test_the_profile_decides_whose_keys_they_are(self):
        self.node.set_variables(AWS_PROFILE="")
        found = self.doctor(6)
        self.assertIn("profile 'default'", found["credentials"]["detail"])
        self.assertEqual(found["bucket"]["status"], "fail")
        told = self.node.ctl("ns", "ls")
        self.assertEqual(told.returncode, 6, told.stderr)
        self.assertIn("the access key is unknown there", told.stderr)
        self.node.set_variables(AWS_PROFILE="none")
        told = self.node.ctl("ns", "ls")
        self.assertEqual(told.returncode, 6, told.stderr)
        self.assertIn("there is no profile 'none'", told.stderr)

    def test_an_authority_that_is_not_trusted_is_told_with_the_fix(self):
        for bundle in ("", self.pem("other.pem")):
            self.node.set_variables(AWS_CA_BUNDLE=bundle)
            told = self.node.ctl("ns", "ls")
            self.assertEqual(told.returncode, 6, told.stderr)
            self.assertIn("set [s3] ca_bundle or AWS_CA_BUNDLE to its PEM file", told.stderr)
            found = self.doctor(6)
            self.assertEqual(found["connection"]["status"], "fail")
            self.assertIn("AWS_CA_BUNDLE", found["connection"]["fix"])

    def test_a_bundle_that_is_none_is_told(self):
        for bundle in ("/nothing/here.pem", os.path.join(self.node.directory, "seekfs.toml")):
            self.node.set_variables(AWS_CA_BUNDLE=bundle)
            told = self.node.ctl("ns", "ls")
            self.assertNotEqual(told.returncode, 0)
            self.assertIn(bundle, told.stderr)
            self.assertEqual(self.doctor(2)["connection"]["status"], "fail")


if __name__ == "__main__":
    harness.main()
