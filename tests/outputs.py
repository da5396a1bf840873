#!/usr/bin/env python3
# What the programs under test said, kept for a search at the end of the whole run: no secret may be in any of it.
"""usage: outputs.py begin DIR    empties DIR
          outputs.py search DIR   exit code 1 when a secret is in anything kept there, or nothing was kept

harness.py keeps what seekfs-ctl printed, the daemon's log, its metrics and its error replies where SEEKFS_TEST_OUTPUTS
names a folder, and writes there which secrets the tests configured. Every one of them is looked for, as it is and in the
encodings in which it could be hidden; so are signatures, with which a request could be repeated.
"""
import base64
import glob
import hashlib
import os
import re
import shutil
import sys
import urllib.parse

FOLDER = os.environ.get("SEEKFS_TEST_OUTPUTS")
MODULE = os.path.basename(sys.argv[0]).removesuffix(".py")
SHORTEST_SECRET = 8  # anything shorter could be part of an innocent word
SIGNATURE = re.compile(rb"Signature=[0-9a-f]{64}|(?i:x-amz-security-token: ?\S)")
SECRET_SUFFIX, S3_SUFFIX = ".secret", ".uses-s3"


def write(name, content):
    with open(os.path.join(FOLDER, f"{MODULE}.{name}"), "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode(errors="surrogateescape"))


def keep(name, content):
    """Keeps an output (text or bytes) under a name that is the module's own; a later one of the name replaces it."""
    if FOLDER:
        write(name, content)


def keep_secret(value):
    """`value` must be in no output of any test."""
    if len(value) < SHORTEST_SECRET:
        raise ValueError("a secret of a test must be long enough to be told from other text")
    if FOLDER:
        write(hashlib.sha256(value.encode()).hexdigest()[:16] + SECRET_SUFFIX, value)


def note_s3():
    """This module talks to S3: outputs of it are expected."""
    if FOLDER:
        write(S3_SUFFIX[1:], "")


def spellings(secret):
    """The secret and what it looks like in other encodings."""
    plain = secret.encode()
    forms = {plain, urllib.parse.quote(secret, safe="").encode(), plain.hex().encode(), plain.hex().upper().encode()}
    # Base64 within a longer text has three alignments; what depends on the neighbours is cut off.
    for before in range(3):
        text = base64.b64encode(b"\0" * before + plain).rstrip(b"=")
        forms.add(text[(before * 8 + 5) // 6:len(text) - 1])
    return forms


def search(folder, module=""):
    """What is wrong, of one module or of all: a list of sentences, empty when all is well."""
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    names = [name for name in names if name.startswith(module)]
    outputs = [name for name in names if not name.endswith((SECRET_SUFFIX, S3_SUFFIX))]
    found = [] if outputs else [f"{folder}: no test kept any output"]
    secrets = set()
    for name in names:
        if name.endswith(SECRET_SUFFIX):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                secrets |= spellings(file.read())
        if name.endswith(S3_SUFFIX):
            module = name.removesuffix(S3_SUFFIX)
            if not glob.glob(os.path.join(glob.escape(folder), glob.escape(module) + ".*" + SECRET_SUFFIX)):
                found.append(f"{module} talks to S3, but configured no secret that could be looked for")
            if not any(output.startswith(module + ".") for output in outputs):
                found.append(f"{module} talks to S3, but kept no output")
    for name in outputs:
        with open(os.path.join(folder, name), "rb") as file:
            content = file.read()
        found += [f"{name}: a secret, at byte {content.index(secret)}" for secret in sorted(secrets) if secret in content]
        found += [f"{name}: a signature, at byte {match.start()}" for match in SIGNATURE.finditer(content)]
    return found


def main():
    action, folder = sys.argv[1:]
    if action == "begin":
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        return 0
    found = search(folder)
    print("\n".join(found) or f"no secret in {len(os.listdir(folder))} files of {folder}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
