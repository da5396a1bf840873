# Reads every file of a directory back through a running seekfsd and compares SHA-256 with the originals.
"""Standard library only. The work is dealt over processes by size; each has one keep-alive connection."""
import hashlib
import json
import multiprocessing
import os
import time
import urllib.parse

from seekfs_process import Connection

READV_ITEMS = 1024
READV_BYTES = 32 << 20
PIECE = 8 << 20


class File:
    """An original: its path below the directory, its size and its SHA-256."""
    __slots__ = ("path", "size", "digest")

    def __init__(self, path, size, digest=None):
        self.path, self.size, self.digest = path, size, digest


class Outcome:
    """What one pass over all files gave. `wrong` holds sentences, each about one file."""

    def __init__(self):
        self.files = self.bytes = self.requests = 0
        self.seconds = 0.0
        self.wrong = []


def find_files(directory):
    """The regular files below `directory`; symbolic links and special files are left out, as `--symlinks skip` does."""
    found, waiting = [], [(directory, "")]
    while waiting:
        folder, prefix = waiting.pop()
        for entry in os.scandir(folder):
            if entry.is_dir(follow_symlinks=False):
                waiting.append((entry.path, prefix + entry.name + "/"))
            elif entry.is_file(follow_symlinks=False):
                found.append(File(prefix + entry.name, entry.stat(follow_symlinks=False).st_size))
    return sorted(found, key=lambda file: file.path)


def deal(files, hands):
    """Lists of about equal bytes and counts."""
    return [part for part in (sorted(files, key=lambda file: -file.size)[hand::hands] for hand in range(hands)) if part]


def in_processes(work, files, arguments):
    """Runs work(part, *arguments) in one process a CPU; returns what each gave."""
    parts = deal(files, os.cpu_count() or 1)
    if not parts:
        return []
    with multiprocessing.get_context("fork").Pool(len(parts)) as pool:
        return pool.starmap(work, [(part, *arguments) for part in parts])


def hash_originals(directory, files):
    """The files with size and digest as they are now."""
    hashed = [file for part in in_processes(hash_part, files, (directory,)) for file in part]
    return sorted(hashed, key=lambda file: file.path)


def hash_part(files, directory):
    for file in files:
        with open(os.path.join(directory, file.path), "rb", buffering=0) as original:
            file.digest = hashlib.file_digest(original, "sha256").digest()
            file.size = original.tell()
    return files


def read_all(how, address, namespace, files):
    """One pass over all files by `how` (blob_part or readv_part)."""
    outcome, began = Outcome(), time.monotonic()
    for part in in_processes(how, files, (address, namespace)):
        outcome.files += part.files
        outcome.bytes += part.bytes
        outcome.requests += part.requests
        outcome.wrong += part.wrong
    outcome.seconds = time.monotonic() - began
    return outcome


def judge(outcome, file, size, digest):
    outcome.files += 1
    outcome.bytes += size
    if size != file.size:
        outcome.wrong.append(f"{file.path}: {size} bytes came back, the original has {file.size}")
    elif digest != file.digest:
        outcome.wrong.append(f"{file.path}: other bytes came back than the original has")


def problem(reply):
    """A reply that is no success, as a sentence."""
    try:
        told = json.loads(reply)
        return f"{told.get('code')}: {told.get('detail')}"
    except ValueError:
        return reply[:200].decode(errors="replace")


class Whole:
    """Takes the reply to one /blob: hashes a file's bytes, keeps a problem's."""

    def __init__(self):
        self.digest, self.size, self.problem = hashlib.sha256(), 0, b""

    def take(self, status, piece):
        if status == 200:
            self.digest.update(piece)
            self.size += len(piece)
        else:
            self.problem += bytes(piece)


def blob_part(files, address, namespace):
    outcome = Outcome()
    prefix = f"/blob?ns={urllib.parse.quote(namespace)}&path="
    with Connection(address) as connection:
        for file in files:
            whole = Whole()
            status, _ = connection.exchange("GET", prefix + urllib.parse.quote(file.path), b"", (), whole.take)
            outcome.requests += 1
            if status == 200:
                judge(outcome, file, whole.size, whole.digest.digest())
            else:
                outcome.wrong.append(f"{file.path}: status {status}, {problem(whole.problem)}")
    return outcome


def batches(files):
    """Lists of (file, offset, length) for one /readv each; large files are cut into pieces."""
    batch, total = [], 0
    for file in files:
        for offset in range(0, max(file.size, 1), PIECE):
            length = min(PIECE, file.size - offset)
            if batch and (len(batch) == READV_ITEMS or total + length > READV_BYTES):
                yield batch
                batch, total = [], 0
            batch.append((file, offset, length))
            total += length
    if batch:
        yield batch


class ReadvSplitter:
    """Cuts the bytes of /readv replies, which come back to back, into files again."""

    def __init__(self, outcome):
        self.outcome = outcome
        self.items, self.problem = [], b""
        self.file, self.left = None, 0
        self.digest, self.size = hashlib.sha256(), 0

    def expect(self, batch):
        self.items, self.problem = list(reversed(batch)), b""
        self.next_item()

    def next_item(self):
        """Moves to the next item that has bytes; files of which all have come are judged."""
        self.left = 0
        while self.items and not self.left:
            self.file, offset, self.left = self.items.pop()
            if offset == 0:
                self.digest, self.size = hashlib.sha256(), 0
            if not self.left:
                self.finish_file()

    def take(self, status, piece):
        if status != 200:
            self.problem += bytes(piece)
            return
        at = 0
        while at < len(piece):
            if not self.left:
                self.outcome.wrong.append(f"/readv: {len(piece) - at} bytes more than asked for")
                return
            part = piece[at:at + self.left]
            self.digest.update(part)
            self.size += len(part)
            self.left -= len(part)
            at += len(part)
            if not self.left:
                if self.size == self.file.size:
                    self.finish_file()
                self.next_item()

    def finish_file(self):
        judge(self.outcome, self.file, self.size, self.digest.digest())


def readv_part(files, address, namespace):
    outcome = Outcome()
    splitter = ReadvSplitter(outcome)
    target = f"/readv?ns={urllib.parse.quote(namespace)}"
    with Connection(address) as connection:
        for batch in batches(files):
            body = json.dumps([{"path": file.path, "off": offset, "len": length} for file, offset, length in batch]).encode()
            splitter.expect(batch)
            status, _ = connection.exchange("POST", target, body, (("Content-Type", "application/json"),), splitter.take)
            outcome.requests += 1
            if status != 200:
                outcome.wrong.append(f"/readv of {len(batch)} ranges from {batch[0][0].path}: status {status}, {problem(splitter.problem)}")
    return outcome
