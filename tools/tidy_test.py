#!/usr/bin/env python3
# Tests of tools/tidy: a tree that follows every rule passes, and each rule broken once is caught.
import os
import subprocess
import sys
import tempfile
import unittest

TIDY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tidy")
PURPOSE = "// What this file is good for.\n"
HEADER = PURPOSE + "#pragma once\n"
# Split, so that this file does not itself break the rule.
TO_DO = "TO" + "DO"
NO_LINT = "NO" + "LINT"


def run_tidy(files):
    """Writes the files (path → text) into a fresh tree; returns tidy's exit code and output."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            full = os.path.join(root, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "wb") as file:
                file.write(text if isinstance(text, bytes) else text.encode())
        done = subprocess.run([sys.executable, TIDY, "--root", root], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


class TidyTest(unittest.TestCase):
    def passes(self, files):
        code, output = run_tidy(files)
        self.assertEqual((code, output), (0, ""))

    def catches(self, where, rule, files):
        """Exactly one rule is broken, at `where` (path:line)."""
        code, output = run_tidy(files)
        self.assertEqual(code, 1, output)
        self.assertRegex(output, f"^{where}: {rule}: ")
        self.assertIn("tools/tidy: 1 broken rules", output)

    def test_a_good_tree_passes(self):
        self.passes({
            "src/base/hex.h": HEADER + "#include <string>\n",
            "src/base/mutex.h": HEADER + "#include <mutex>\nstd::mutex m;\n",
            "src/env/clock.cc": PURPOSE + '#include "base/hex.h"\nauto t = std::chrono::steady_clock::now();\n',
            "src/env/disk_testing.h": HEADER,
            "src/reader/reader.cc": PURPOSE + "// std::mutex and sleep_for are only words here.\nauto s = \"sleep_for\";\n",
            "src/reader/reader_test.cc": PURPOSE + '#include "env/disk_testing.h"\nstd::mutex m;\n',
            "src/app/config.h": HEADER,
            "src/cli/main.cc": PURPOSE + '#include "app/config.h"\n',
            "src/cli/CMakeLists.txt": "# What this folder links and why.\n",
            "check": "#!/bin/sh\n# What this script does for you.\n",
            "README.md": "# anything\n",
            "data.bin": b"\xff\xfe",
        })

    def test_include_of_a_lower_room(self):
        self.catches("src/base/a.h:3", "include", {
            "src/base/a.h": HEADER + '#include "env/b.h"\n', "src/env/b.h": HEADER})

    def test_include_of_a_room_in_the_same_row(self):
        self.catches("src/http/a.cc:2", "include", {
            "src/http/a.cc": PURPOSE + '#include "fuse/b.h"\n', "src/fuse/b.h": HEADER})

    def test_the_daemon_does_not_see_the_tools(self):
        self.catches("src/app/a.cc:2", "include", {
            "src/app/a.cc": PURPOSE + '#include "cli/b.h"\n', "src/cli/b.h": HEADER})

    def test_include_of_a_folder_that_is_no_room(self):
        self.catches("src/base/a.cc:2", "include", {
            "src/base/a.cc": PURPOSE + '#include "misc/b.h"\n', "src/misc/b.h": HEADER})

    def test_include_beside_the_file(self):
        self.catches("src/base/a.cc:2", "include", {
            "src/base/a.cc": PURPOSE + '#include "b.h"\n', "src/base/b.h": HEADER})

    def test_product_code_that_sees_test_code(self):
        self.catches("src/env/a.cc:2", "include", {
            "src/env/a.cc": PURPOSE + '#include "env/b_testing.h"\n', "src/env/b_testing.h": HEADER})

    def test_all_of_asio(self):
        self.catches("src/async/a.cc:2", "asio", {"src/async/a.cc": PURPOSE + "#include <boost/asio.hpp>\n"})

    def test_too_many_units_with_sockets(self):
        files = {f"src/http/unit{n}.cc": PURPOSE + '#include "http/socket.h"\n' for n in range(4)}
        files["src/http/socket.h"] = HEADER + "#include <boost/asio/ip/tcp.hpp>\n"
        self.passes(files)
        files["src/http/unit4.cc"] = PURPOSE + "#include <boost/asio/local/stream_protocol.hpp>\n"
        code, output = run_tidy(files)
        self.assertEqual(code, 1)
        self.assertEqual(output.count("one of 5 translation units"), 5)

    def test_no_purpose_line(self):
        self.catches("src/base/a.cc:1", "purpose", {"src/base/a.cc": "#include <string>\n"})
        self.catches("src/base/a.cc:1", "purpose", {"src/base/a.cc": "// code\n"})
        self.catches("src/base/a.cc:1", "purpose", {"src/base/a.cc": ""})
        self.catches("check:2", "purpose", {"check": "#!/bin/sh\nset -e\n"})
        self.catches("cmake/a.cmake:1", "purpose", {"cmake/a.cmake": "include(b)\n"})
        self.catches("tools/a.py:1", "purpose", {"tools/a.py": "import os\n"})

    def test_work_left_without_an_owner(self):
        self.catches("src/base/a.cc:2", "owner", {"src/base/a.cc": PURPOSE + f"// {TO_DO}: later\n"})
        self.passes({"src/base/a.cc": PURPOSE + f"// {TO_DO}(#7): later\n"})

    def test_lint_switched_off_without_a_reason(self):
        for bad in (NO_LINT, f"{NO_LINT}(bugprone-use-after-move)", f"{NO_LINT}NEXTLINE(a-b):", f"{NO_LINT}: because I say so"):
            self.catches("src/base/a.cc:2", "nolint", {"src/base/a.cc": PURPOSE + f"int a; // {bad}\n"})
        self.passes({"src/base/a.cc": PURPOSE + f"int a; // {NO_LINT}(a-b): the object is assigned again first\n"})
        self.passes({"src/base/a.cc": PURPOSE + f"// {NO_LINT}BEGIN(a-b): generated by the compiler\n// {NO_LINT}END(a-b)\n"})

    def test_what_stands_in_one_room_only(self):
        for rule, code in {
            "mutex": "std::mutex m;",
            "time": "auto t = std::chrono::steady_clock::now();",
            "sleep": "std::this_thread::sleep_for(d);",
            "timer": "timer.expires_after(d);",
            "random": "std::random_device r;",
            "file": "std::ifstream in(path);",
        }.items():
            self.catches("src/reader/a.cc:2", rule, {"src/reader/a.cc": PURPOSE + code + "\n"})
        self.catches("src/reader/a.cc:2", "time", {"src/reader/a.cc": PURPOSE + "auto t = system_clock::now();\n"})
        self.catches("src/env/a.cc:2", "mutex", {"src/env/a.cc": PURPOSE + "std::shared_mutex m;\n"})

    def test_code_after_a_string_or_comment_is_still_seen(self):
        self.catches("src/reader/a.cc:4", "mutex", {
            "src/reader/a.cc": PURPOSE + "/* one\ntwo */ auto a = '\"'; auto b = R\"(\")\"; auto c = 1'000;\nstd::mutex m;\n"})

    def test_header_without_guard(self):
        self.catches("src/base/a.h:1", "pragma", {"src/base/a.h": PURPOSE})

    def test_text_that_is_not_utf8(self):
        self.catches("src/base/a.cc:1", "text", {"src/base/a.cc": b"// caf\xe9 in Latin-1, not UTF-8\n"})

    def test_a_long_file_is_a_warning(self):
        code, output = run_tidy({"src/base/a.cc": PURPOSE + "int a;\n" * 400})
        self.assertEqual(code, 0)
        self.assertRegex(output, "^warning: src/base/a.cc: 401 lines")


if __name__ == "__main__":
    unittest.main()
