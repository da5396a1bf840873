#!/usr/bin/env python3
# Whole-program test: whatever gives the credentials and whatever becomes of them, no output of daemon or tools shows a secret;
# and the search for secrets that ends each run of these tests finds them.
import base64
import os
import shutil
import tempfile
import unittest
import urllib.parse

import harness
import outputs
from harness import blob, oracle
from s3_server import ACCESS_KEY, SECRET_KEY, S3Server

WRONG_SECRET = "wrong/secret+of=nobody%at_all"
TOKEN = "session+token/of==nobody-hush-hush"


class OutputsSearchTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="seekfs-outputs-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.write("one.x.secret", WRONG_SECRET)

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def test_finds_a_secret_however_it_is_written(self):
        for said in (WRONG_SECRET, urllib.parse.quote(WRONG_SECRET, safe=""), WRONG_SECRET.encode().hex(),
                     *(base64.b64encode(f"{before}{WRONG_SECRET}:and more".encode()).decode() for before in ("", "a", "ab"))):
            self.write("one.log", f"level=info said={said} more")
            self.assertEqual(len(outputs.search(self.folder)), 1, said)

    def test_finds_signatures_and_tokens(self):
        for said in ("Authorization: AWS4-HMAC-SHA256 Signature=" + "0a" * 32, "X-Amz-Security-Token: abc"):
            self.write("one.log", said)
            self.assertEqual(len(outputs.search(self.folder)), 1, said)

    def test_finds_nothing_in_what_is_innocent(self):
        self.write("one.log", f"access key id {ACCESS_KEY}, SignatureDoesNotMatch, {WRONG_SECRET[:-1]}")
        self.assertEqual(outputs.search(self.folder), [])

    def test_wants_outputs(self):
        self.assertIn("no test kept any output", outputs.search(self.folder)[0])
        self.assertIn("no test kept any output", outputs.search(os.path.join(self.folder, "nothing"))[0])
        self.write("one.log", "well")
        self.write("two.uses-s3", "")
        self.assertEqual([line.split(",")[0] for line in outputs.search(self.folder)], ["two talks to S3"] * 2)
        self.write("two.x.secret", TOKEN)
        self.write("two.log", "well")
        self.assertEqual(outputs.search(self.folder), [])


class SecretsTest(harness.NodeTest):
    settings = {"log.level": "debug"}

    def setUp(self):
        super().setUp()
        if not outputs.FOLDER:
            outputs.FOLDER = tempfile.mkdtemp(prefix="seekfs-outputs-")
            self.addCleanup(setattr, outputs, "FOLDER", None)
            self.addCleanup(shutil.rmtree, outputs.FOLDER)
        self.server = S3Server("versitygw", os.path.join(self.node.directory, "s3"))
        self.addCleanup(self.server.stop)
        self.server.start()
        settings = {**self.server.settings(), "store.path": ""}
        self.node.configure(**{key.replace(".", "__"): value for key, value in settings.items()})
        self.publish({"a": oracle("a", 1000), "b": oracle("b", 1000)})

    def without_keys(self, **variables):
        """The configuration gives no keys; the environment is this."""
        for secret in (SECRET_KEY, WRONG_SECRET, TOKEN):
            outputs.keep_secret(secret)
        self.node.configure(s3__access_key_id="", s3__secret_access_key="")
        self.node.set_variables(AWS_EC2_METADATA_DISABLED="true", **variables)

    def home_file(self, name, text):
        path = os.path.join(self.node.directory, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def exercise(self, good):
        """Everything that says something, with credentials that are good or bad; nothing of it shows a secret."""
        for command in (["ns", "ls"], ["doctor", "--write"], ["--json", "doctor"], ["config", "show", "--origin"],
                        ["--json", "config", "show"], ["verify", harness.NS], ["--direct", "stat", "seekfs://demo/a"]):
            done = self.node.ctl(*command)
            self.assertEqual(done.returncode == 0, good or "config" in command, command + [done.stdout, done.stderr])
        self.node.start()
        for path in ("a", "b", "nothing"):
            reply = self.get(blob(path))
            self.assertEqual(reply.status == 200, good and path != "nothing", reply.body)
        for target in ("/readyz", "/namespaces", "/version", "/cache"):
            self.node.keep("reply", self.get(target).body)
        self.node.stop()
        self.assertEqual(outputs.search(outputs.FOLDER, outputs.MODULE), [])

    def test_of_the_configuration(self):
        self.exercise(True)
        self.node.configure(s3__secret_access_key=WRONG_SECRET)
        shutil.rmtree(self.node.settings["manifest.cache_path"], ignore_errors=True)
        self.exercise(False)

    def test_of_the_configuration_with_a_token(self):
        self.node.configure(s3__secret_access_key=WRONG_SECRET, s3__session_token=TOKEN)
        self.exercise(False)

    def test_of_the_environment(self):
        self.without_keys(AWS_ACCESS_KEY_ID=ACCESS_KEY, AWS_SECRET_ACCESS_KEY=SECRET_KEY)
        self.exercise(True)
        shutil.rmtree(self.node.settings["manifest.cache_path"], ignore_errors=True)
        self.node.set_variables(AWS_SECRET_ACCESS_KEY=WRONG_SECRET, AWS_SESSION_TOKEN=TOKEN)
        self.exercise(False)

    def test_of_a_profile(self):
        self.without_keys()
        keys = f"[default]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = "
        self.home_file(".aws/credentials", keys + SECRET_KEY + "\n")
        self.exercise(True)
        shutil.rmtree(self.node.settings["manifest.cache_path"], ignore_errors=True)
        for broken in (keys + WRONG_SECRET + "\n", keys + WRONG_SECRET + "\naws_session_token = " + TOKEN + "\n",
                       keys + "\n" + WRONG_SECRET + "\n", f"[default]\naws_secret_access_key = {WRONG_SECRET}\n"):
            self.home_file(".aws/credentials", broken)
            self.exercise(False)

    def test_of_a_process(self):
        self.without_keys()
        program = self.home_file("give", "#!/bin/sh\n"
                                 f'echo \'{{"Version":1,"AccessKeyId":"{ACCESS_KEY}","SecretAccessKey":"\'"$1"\'"}}\'\n')
        os.chmod(program, 0o700)
        self.home_file(".aws/config", f"[default]\ncredential_process = {program} {SECRET_KEY}\n")
        self.exercise(True)
        shutil.rmtree(self.node.settings["manifest.cache_path"], ignore_errors=True)
        self.home_file(".aws/config", f"[default]\ncredential_process = {program}-not-there {WRONG_SECRET}\n")
        self.exercise(False)
        self.home_file("give", f"#!/bin/sh\necho {WRONG_SECRET}; echo {TOKEN} >&2; exit 1\n")
        self.home_file(".aws/config", f"[default]\ncredential_process = {program} {SECRET_KEY}\n")
        self.exercise(False)


if __name__ == "__main__":
    harness.main()
