# seekfs-ctl as a user runs it: publish, look, read, check, go back, clean up; by the daemon and straight from the store.
"""Every command's exit code and output, on an fs store; see harness.py for what runs it."""
import hashlib
import json
import os
import signal
import subprocess

import harness
from harness import NS, oracle

FILES = {
    "a.bin": oracle("a.bin", 700_000),
    "sub/b.bin": oracle("sub/b.bin", 1),
    "sub/deep/ü c.bin": oracle("sub/deep/ü c.bin", 300_000),
    "empty": b"",
}


class CtlTest(harness.NodeTest):
    def ctl(self, *arguments, code=0):
        """Runs a command that must end with this exit code; returns its stdout."""
        done = self.node.ctl(*arguments)
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout}{done.stderr}")
        if code not in (0, 3):
            self.assertRegex(done.stderr, r"^seekfs-ctl: error: .+")
        return done.stdout

    def json_lines(self, *arguments, code=0):
        return [json.loads(line) for line in self.ctl(*arguments, "--json", code=code).splitlines()]

    def ctl_bytes(self, *arguments):
        command = [os.path.join(harness.BIN, "seekfs-ctl"), "--config", self.node.config, *arguments]
        return subprocess.run(command, env=self.node.environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
                              check=True).stdout

    def source(self, name, files):
        base = os.path.join(self.node.directory, name)
        for path, content in files.items():
            full = os.path.join(base, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "wb") as file:
                file.write(content)
        return base

    def check_reading(self, *flags):
        """ls, stat, cat and get, which answer the same whichever way they are asked."""
        listed = {line["path"]: line for line in self.json_lines("ls", "-r", f"seekfs://{NS}", *flags)}
        self.assertEqual({path: line["size"] for path, line in listed.items()}, {p: len(c) for p, c in FILES.items()})
        self.assertEqual(listed["a.bin"]["hash"], "sha256:" + hashlib.sha256(FILES["a.bin"]).hexdigest())
        self.assertEqual([line["path"] for line in self.json_lines("ls", f"seekfs://{NS}/", *flags)], ["a.bin", "empty", "sub/"])
        self.assertEqual([line["path"] for line in self.json_lines("ls", f"seekfs://{NS}/sub", *flags)], ["sub/b.bin", "sub/deep/"])
        self.assertEqual([line["path"] for line in self.json_lines("ls", f"seekfs://{NS}/a.bin", *flags)], ["a.bin"])
        self.ctl("ls", f"seekfs://{NS}/none", *flags, code=5)
        self.assertIn("683.6 KiB", self.ctl("ls", f"seekfs://{NS}/a.bin", *flags))

        [facts] = self.json_lines("stat", f"seekfs://{NS}@1/a.bin", *flags)
        self.assertEqual((facts["version"], facts["size"]), (1, 700_000))
        self.assertEqual(facts["hash"], "sha256:" + hashlib.sha256(FILES["a.bin"]).hexdigest())
        for path, content in FILES.items():
            self.assertEqual(self.ctl_bytes("cat", f"seekfs://{NS}/{path}", *flags), content)
        self.assertEqual(self.ctl_bytes("cat", f"seekfs://{NS}/a.bin", "--off", "262140", "--len", "8", *flags),
                         FILES["a.bin"][262140:262148])

        target = os.path.join(self.node.directory, "got" + "".join(flags))
        self.ctl("get", "-r", f"seekfs://{NS}", target, *flags)
        self.assertEqual(self.tree(target), FILES)
        self.ctl("get", f"seekfs://{NS}/sub/b.bin", target, *flags)
        self.assertEqual(self.tree(target)["b.bin"], FILES["sub/b.bin"])

        self.ctl("stat", f"seekfs://{NS}/none", *flags, code=5)
        self.ctl("cat", f"seekfs://{NS}@9/a.bin", *flags, code=5)
        self.ctl("cat", "seekfs://nobody/a.bin", *flags, code=5)
        self.ctl("get", f"seekfs://{NS}/none", target, *flags, code=5)
        self.ctl("get", f"seekfs://{NS}/sub/", target, *flags, code=2)
        self.assertFalse([name for name in self.tree(target) if ".seekfs-" in name], "temporary files are removed")

    @staticmethod
    def tree(base):
        found = {}
        for folder, _, names in os.walk(base):
            for name in names:
                full = os.path.join(folder, name)
                with open(full, "rb") as file:
                    found[os.path.relpath(full, base)] = file.read()
        return found

    def test_reads_straight_from_the_store(self):
        self.publish(FILES)
        self.check_reading("--direct")

    def test_reads_through_the_daemon(self):
        self.publish(FILES)
        self.node.start()
        address = self.node.daemon.url
        self.check_reading("--addr", address)
        self.assertIn("ready", self.ctl("health", "--addr", address))

    def test_without_a_daemon_the_error_says_what_to_do(self):
        done = self.node.ctl("health", "--addr", "http://127.0.0.1:1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("start seekfsd", done.stderr)

    def test_publish_tells_versions_and_what_changed(self):
        first = self.publish(FILES, "--message", "the first")
        self.assertEqual((first["version"], first["parent"], first["files"], first["added"]), (1, None, 4, 4))
        second = self.ctl("publish", self.source("second", {"a.bin": b"new"}), "--ns", NS)
        self.assertIn(f"seekfs://{NS}@2/", second)
        self.assertIn("0 added, 1 changed, 0 removed", second)

        [one] = self.json_lines("ns", "ls")
        self.assertEqual((one["ns"], one["version"], one["files"]), (NS, 2, 4))
        self.assertIn("v-2", self.ctl("ns", "show", NS))
        self.assertEqual([(line["version"], line["head"]) for line in self.json_lines("version", "ls", NS)], [(1, False), (2, True)])
        self.assertIn("the first", self.ctl("version", "ls", NS))
        [shown] = self.json_lines("version", "show", NS, "v-1")
        self.assertEqual((shown["version"], shown["files"], shown["message"]), (1, 4, "the first"))
        [change] = self.json_lines("version", "diff", NS, "1", "2")
        self.assertEqual((change["path"], change["change"], change["new_size"]), ("a.bin", "changed", 3))
        self.ctl("version", "show", NS, "9", code=5)
        self.ctl("ns", "show", "nobody", code=5)

        self.ctl("version", "rollback", NS, "1")
        self.assertEqual(self.ctl_bytes("cat", f"seekfs://{NS}/a.bin", "--direct"), FILES["a.bin"])
        self.ctl("version", "rollback", NS, "9", code=5)
        self.ctl("version", "rollback", NS, "2", "--if-parent", "2", code=4)
        third = self.publish({"z": b"z"})
        self.assertEqual((third["version"], third["parent"]), (3, 1), "numbering goes on from the highest")

    def test_a_dry_run_writes_nothing(self):
        self.publish(FILES)
        before = self.tree(self.node.store)
        base = self.source("more", {"new": b"n"})
        self.assertIn("dry run", self.ctl("publish", base, "--ns", NS, "--dry-run"))
        self.assertEqual(self.tree(self.node.store), before)

    def test_max_delete_and_if_parent_stop(self):
        self.publish(FILES)
        base = self.source("less", {"a.bin": FILES["a.bin"]})
        self.ctl("publish", base, "--ns", NS, "--replace", code=2)
        self.ctl("publish", base, "--ns", NS, "--replace", "--max-delete", "100%", "--if-parent", "7", code=4)
        self.ctl("publish", base, "--ns", NS, "--replace", "--max-delete", "100%", "--if-parent", "1")
        self.assertEqual([line["path"] for line in self.json_lines("ls", f"seekfs://{NS}", "--direct")], ["a.bin"])

    def test_the_older_name_of_publish(self):
        base = self.source("old", FILES)
        self.ctl("gen-manifest", "--ns", NS, "--path", base, "--version", "1", "--slab-size-mib", "4")
        sizes = {page["len"] for entry in self.node.manifest(1)["files"] for page in entry["page_table"]}
        self.assertEqual(sizes, {700_000, 300_000, 1})
        self.ctl("gen-manifest", "--ns", NS, "--path", base, "--version", "1", code=4)
        self.ctl("gen-manifest", "--ns", NS, "--path", base, "--version", "3", code=4)

    def test_objects_of_the_store_are_listed_and_adopted(self):
        raw = oracle("raw", 5000)
        os.makedirs(os.path.join(self.node.store, "raw"))
        with open(os.path.join(self.node.store, "raw", "x.bin"), "wb") as file:
            file.write(raw)
        self.assertEqual([line["key"] for line in self.json_lines("ls", "store:raw/")], ["raw/x.bin"])
        report = json.loads(self.ctl("publish", "store:raw", "--ns", NS, "--json"))
        self.assertEqual((report["files"], report["uploaded_objects"]), (1, 0))
        self.assertEqual(self.ctl_bytes("cat", f"seekfs://{NS}/x.bin", "--direct"), raw)
        self.ctl("publish", "s3://bucket/x", "--ns", NS, code=2)

    def test_verify_finds_what_is_wrong(self):
        self.publish(FILES)
        for level in ("head", "sample=100%", "full"):
            self.ctl("verify", NS, "--level", level)
        with open(self.node.object_of("a.bin"), "r+b") as file:
            file.seek(600_000)
            file.write(b"\x00\x01\x02\x03")
        lines = self.json_lines("verify", NS, "--level", "full", code=3)
        self.assertEqual({line["path"] for line in lines[:-1]}, {"a.bin"})
        self.assertEqual((lines[-1]["good"], lines[-1]["bad_files"]), (False, 1))
        self.assertIn("a.bin", self.ctl("verify", f"{NS}@1", code=3))
        target = os.path.join(self.node.directory, "bad")
        self.ctl("get", f"seekfs://{NS}/a.bin", target, "--direct", code=3)
        self.assertFalse(os.path.exists(target))
        self.ctl("verify", NS, "--level", "half", code=2)
        self.ctl("verify", "nobody", code=5)

    def test_gc_says_and_then_removes(self):
        self.publish(FILES)
        self.publish({"a.bin": b"new"})
        flags = ("gc", NS, "--keep-last", "1", "--keep-within", "0s", "--min-age", "1ms")
        before = self.tree(self.node.store)
        [dry] = self.json_lines(*flags)
        self.assertTrue(dry["dry_run"])
        self.assertEqual((dry["dropped_versions"], dry["garbage_objects"] > 0), ([1], True))
        after = self.tree(self.node.store)
        self.assertTrue(set(before) <= set(after), "a dry run removes nothing")
        [done] = self.json_lines(*flags, "--delete")
        self.assertEqual((done["kept_versions"], done["dropped_versions"]), ([2], [1]))
        self.assertEqual(self.ctl_bytes("cat", f"seekfs://{NS}/empty", "--direct"), b"")
        self.ctl("verify", NS)
        self.ctl("version", "show", NS, "1", code=5)

    def test_config_show_names_origins(self):
        shown = self.ctl("config", "show", "--origin", "--log.level", "error")
        self.assertRegex(shown, r'store\.type = "fs" +# .*seekfs\.toml:\d+')
        self.assertRegex(shown, r'log\.level = "error" +# --log\.level')
        self.assertRegex(shown, r"api\.threads = 0 +# default")
        keys = {line["key"]: line for line in self.json_lines("config", "show")}
        self.assertEqual(keys["store.type"]["value"], '"fs"')
        self.ctl("config", "show", "--log.level", "loud", code=2)
        self.ctl("config", "show", "--no.such", "x", code=2)

    def test_without_a_store_the_error_shows_how_to_choose_one(self):
        with open(self.node.config, "w", encoding="utf-8"):
            pass
        done = self.node.ctl("ns", "ls")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--store.type fs --store.path", done.stderr)

    def test_a_reader_of_a_pipe_may_leave(self):
        self.publish({"big": oracle("big", 4_000_000)})
        command = [os.path.join(harness.BIN, "seekfs-ctl"), "--config", self.node.config, "cat", f"seekfs://{NS}/big", "--direct"]
        with subprocess.Popen(command, env=self.node.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdout.read(10)
            process.stdout.close()
            self.assertEqual(process.stderr.read(), b"")
            self.assertEqual(process.wait(60), -signal.SIGPIPE)

    def test_completion_scripts_are_valid(self):
        for shell in ("bash", "zsh", "fish"):
            self.assertIn("rollback", self.ctl("completion", shell))
        checks = """source <("$0" completion bash); COMP_WORDS=(seekfs-ctl version r); COMP_CWORD=2; _seekfs_ctl; echo "${COMPREPLY[@]}"
                    COMP_WORDS=(seekfs-ctl ver); COMP_CWORD=1; _seekfs_ctl; echo "${COMPREPLY[@]}" """
        done = subprocess.run(["bash", "-c", checks, os.path.join(harness.BIN, "seekfs-ctl")], capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual((done.stdout.split(), done.stderr), (["rollback", "version", "verify"], ""))


if __name__ == "__main__":
    harness.main()
