"""Processes that append to one archive at the same time."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from service.archive.append import ArchiveWriter
from tests.archive.archived import DAY, NOON, documents
from tests.support.live import PATIENCE, PROJECT
from tests.support.small_disk import SmallDisk

APPENDER = """
import sys
import time
from pathlib import Path
from service.archive.append import ArchiveWriter
folder, who, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
archive = ArchiveWriter(folder)
for number in range(count):
    size = (number * 7919) % 30_000
    archive.append(b'{"who":"%s","number":%d,"filler":"%s"}' % (
        who.encode(), number, who.encode() * size), 1_581_768_000_000_000)
"""


def appender(folder: Path, who: str, count: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", APPENDER, str(folder), who, str(count)]
    return subprocess.Popen(command, cwd=PROJECT)


def test_concurrent_writers_keep_every_line_complete(folder: Path) -> None:
    processes = [appender(folder, who, 150) for who in "abcd"]
    assert [process.wait(60) for process in processes] == [0] * 4
    found = documents(folder)
    for who in "abcd":
        own = [document for document in found if document["who"] == who]
        assert [document["number"] for document in own] == list(range(150))
        assert all(set(document["filler"]) <= {who} for document in own)


def test_a_writer_killed_while_it_appends_blocks_and_damages_nothing(folder: Path) -> None:
    steady = appender(folder, "s", 400)
    for who in "abcdef":
        victim = appender(folder, who, 1_000_000)
        wait_for_lines_of(folder, who)
        victim.kill()
        victim.wait(10)
    assert steady.wait(60) == 0
    ArchiveWriter(folder).append(b'{"who":"last"}', NOON)
    found = documents(folder)
    own = [document["number"] for document in found if document["who"] == "s"]
    assert own == list(range(400))
    assert {document["who"] for document in found} == {*"sabcdef", "last"}


def wait_for_lines_of(folder: Path, who: str) -> None:
    day = folder / DAY
    for _ in range(1000):
        if day.exists() and f'{{"who":"{who}"'.encode() in day.read_bytes():
            return
        signal.sigtimedwait([], 0.01)
    raise AssertionError(f"{who} has appended nothing in 10 s")


PERSISTENT_APPENDER = """
import sys
import time
from pathlib import Path
from service.archive.append import ArchiveWriter
from service.errors import StorageUnavailableError
folder, who, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
archive = ArchiveWriter(folder)
print("ready", flush=True)
sys.stdin.readline()
for number in range(count):
    size = (number * 7919) % 3_000
    try:
        archive.append(b'{"who":"%s","number":%d,"filler":"%s"}' % (
            who.encode(), number, who.encode() * size), 1_581_768_000_000_000)
    except StorageUnavailableError:
        continue
    print(number, flush=True)
"""


def test_an_undone_short_write_keeps_the_lines_of_other_processes(disk: SmallDisk) -> None:
    """Several writers meet a full disk at once; each undoes its own bytes only."""
    folder = disk.path / "archive"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PERSISTENT_APPENDER, str(folder), who, "300"],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for who in "abc"
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    appended = {
        who: process.communicate(timeout=60)[0]
        for who, process in zip("abc", processes, strict=True)
    }
    assert [process.returncode for process in processes] == [0] * 3
    found = documents(folder)
    for who, numbers in appended.items():
        own = [document["number"] for document in found if document["who"] == who]
        assert own == [int(number) for number in numbers.split()]
    assert 10 < len(found) < 3 * 300 - 10


def test_a_file_that_was_removed_while_a_writer_waited_begins_anew(folder: Path) -> None:
    archive = ArchiveWriter(folder)
    archive.append(b"1", NOON)
    holder = os.open(folder / DAY, os.O_RDWR)
    fcntl.flock(holder, fcntl.LOCK_EX)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(archive.append, b"2", NOON)
        time.sleep(0.3)
        assert not waiting.done()
        (folder / DAY).unlink()
        os.close(holder)
        waiting.result(PATIENCE)
    assert documents(folder) == [2]
