"""The archive: whole lines only, whatever happens to those who write them."""

from __future__ import annotations

import errno
import fcntl
import gzip
import json
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import falcon.testing
import pytest

from service import times
from service.app import create_app
from service.archive.append import ArchiveWriter
from service.archive.read import ArchivedReport, DamagedLine, read_archive
from service.config import Config
from service.errors import StorageUnavailableError
from service.maintenance.startup import prepare
from service.store.engines import Database
from tests.support.live import PATIENCE, PROJECT, wait_until
from tests.support.reports import report
from tests.support.small_disk import PAGE, SmallDisk, small_disk

NOON = times.to_microseconds(datetime(2020, 2, 15, 12, tzinfo=UTC))
DAY = "2020-02-15.jsonl"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "archive"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk", 64 * PAGE) as disk:
        yield disk


def documents(folder: Path) -> list[Any]:
    """What the archive holds, every line of which must be whole."""
    found = list(read_archive(folder))
    assert not [line for line in found if isinstance(line, DamagedLine)]
    return [json.loads(line.raw) for line in found if isinstance(line, ArchivedReport)]


def test_a_line_is_when_it_was_received_and_the_document_as_it_was_sent(folder: Path) -> None:
    sent = b'{"a": 1.50, "b":"\\u00e1 \xc3\xa1"}'
    ArchiveWriter(folder).append(sent, NOON + 1)
    assert (folder / DAY).read_bytes() == (
        b'{"recibido":"2020-02-15T12:00:00.000001Z","reporte":%s}\n' % sent
    )
    assert list(read_archive(folder)) == [ArchivedReport(folder / DAY, 1, NOON + 1, sent)]


def test_the_folder_and_its_files_are_readable_by_their_owner_only(folder: Path) -> None:
    ArchiveWriter(folder).append(b"{}", NOON)
    assert [path.stat().st_mode & 0o777 for path in (folder, folder / DAY)] == [0o700, 0o600]


def test_a_document_of_many_lines_stays_on_one_and_reads_equal(folder: Path) -> None:
    document = {"a": [1, 2, {"b": "text with \r\n and \u2028 and \x85 inside"}], "c": None}
    text = json.dumps(document, indent=2, ensure_ascii=False)
    for ends in ("\n", "\r\n", "\r"):
        ArchiveWriter(folder).append(f"\r\n{text}\n\n".replace("\n", ends).encode(), NOON)
    assert (folder / DAY).read_bytes().count(b"\n") == 3
    assert b"\r" not in (folder / DAY).read_bytes()
    assert documents(folder) == [document] * 3


def test_the_utc_day_decides_the_file_up_to_its_last_microsecond(folder: Path) -> None:
    midnight = times.to_microseconds(datetime(2020, 2, 29, tzinfo=UTC))
    archive = ArchiveWriter(folder)
    archive.append(b'"last"', midnight - 1)
    archive.append(b'"first"', midnight)
    assert [path.name for path in sorted(folder.iterdir())] == [
        "2020-02-28.jsonl",
        "2020-02-29.jsonl",
    ]
    assert documents(folder) == ["last", "first"]


def test_documents_that_arrive_together_are_lines_in_their_order(folder: Path) -> None:
    ArchiveWriter(folder).append_all([b"1", b"3", b"2"], NOON)
    assert documents(folder) == [1, 3, 2]


def test_a_compressed_day_reads_like_the_plain_one(folder: Path) -> None:
    archive = ArchiveWriter(folder)
    for hour in range(24):
        archive.append(json.dumps({"hour": hour}).encode(), NOON + hour * 3_600_000_000)
    plain = whole_lines(folder)
    first_day = folder / DAY
    first_day.with_name(f"{DAY}.gz").write_bytes(gzip.compress(first_day.read_bytes()))
    first_day.unlink()
    assert whole_lines(folder) == plain
    assert len(plain) == 24


def whole_lines(folder: Path) -> list[tuple[int, bytes]]:
    return [
        (line.received_at, line.raw)
        for line in read_archive(folder)
        if isinstance(line, ArchivedReport)
    ]


def test_a_compressed_day_that_was_cut_off_is_a_damaged_line_and_the_next_day_is_read(
    folder: Path,
) -> None:
    archive = ArchiveWriter(folder)
    archive.append(os.urandom(3000).hex().encode(), NOON)
    packed = gzip.compress((folder / DAY).read_bytes())
    (folder / f"{DAY}.gz").write_bytes(packed[: len(packed) // 2])
    (folder / DAY).unlink()
    archive.append(b'"next day"', NOON + 24 * 3_600_000_000)
    damaged, next_day = read_archive(folder)
    assert damaged == DamagedLine(folder / f"{DAY}.gz", 1)
    assert isinstance(next_day, ArchivedReport)


@pytest.mark.parametrize(
    "left",
    [
        b'{"recibido":"2020-02-15T12:00:00.000000Z","reporte":{"a',
        b"\0" * 5000,
        b'{"recibido":"2020' + b"\0" * 200_000,
        b"{" * 200_000,
    ],
    ids=["half a line", "NULs", "half a line and NULs", "half of a very long line"],
)
def test_what_a_writer_left_that_died_within_its_line_is_removed_by_the_next(
    folder: Path, left: bytes
) -> None:
    archive = ArchiveWriter(folder)
    archive.append(b'"one"', NOON)
    archive.append(b'"two"', NOON)
    with (folder / DAY).open("ab") as day:
        day.write(left)
    archive.append(b'"three"', NOON)
    assert documents(folder) == ["one", "two", "three"]


def test_a_day_whose_first_writer_died_within_its_line_begins_anew(folder: Path) -> None:
    folder.mkdir()
    (folder / DAY).write_bytes(b'{"recibido":"2020-02-1')
    ArchiveWriter(folder).append(b'"one"', NOON)
    assert documents(folder) == ["one"]


def test_a_disk_with_room_for_part_of_a_line_takes_none_of_it(disk: SmallDisk) -> None:
    archive = ArchiveWriter(disk.path / "archive")
    archive.append(b'"whole"', NOON)
    before = (disk.path / "archive" / DAY).read_bytes()
    for room in range(4):
        disk.fill(room * PAGE)
        with pytest.raises(StorageUnavailableError, match="written"):
            archive.append(json.dumps("x" * (room + 2) * PAGE).encode(), NOON)
        assert (disk.path / "archive" / DAY).read_bytes() == before
        disk.free()
    archive.append(b'"later"', NOON)
    assert documents(disk.path / "archive") == ["whole", "later"]


def test_a_disk_without_any_room_takes_no_line_and_creates_no_folder(disk: SmallDisk) -> None:
    disk.fill()
    archive = ArchiveWriter(disk.path / "archive")
    for _ in range(3):
        with pytest.raises(StorageUnavailableError):
            archive.append(b"1", NOON)
    disk.free()
    archive.append(b"2", NOON)
    assert documents(disk.path / "archive") == [2]


def test_a_short_write_of_any_length_leaves_the_file_as_it_was(folder: Path) -> None:
    archive = ArchiveWriter(folder)
    archive.append(b'"whole"', NOON)
    before = (folder / DAY).read_bytes()
    line = len(before)
    in_child(append_with_files_limited_to, folder, range(line, 2 * line))
    assert (folder / DAY).read_bytes() == before
    in_child(append_with_files_limited_to, folder, [2 * line])
    assert (folder / DAY).read_bytes() == before * 2


def append_with_files_limited_to(folder: Path, sizes: Iterator[int]) -> None:
    """setrlimit(2): a write past the limit is cut there; with SIGXFSZ ignored it is no more."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    archive = ArchiveWriter(folder)
    whole = (folder / DAY).stat().st_size * 2
    for size in sizes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
        try:
            archive.append(b'"whole"', NOON)
        except StorageUnavailableError:
            assert size < whole
        else:
            assert size >= whole


def in_child(function: Callable[..., None], *arguments: object) -> None:
    process = multiprocessing.get_context("fork").Process(target=function, args=arguments)
    process.start()
    process.join(60)
    assert process.exitcode == 0


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


def test_processes_that_append_at_once_keep_every_line_whole(folder: Path) -> None:
    processes = [appender(folder, who, 150) for who in "abcd"]
    assert [process.wait(60) for process in processes] == [0] * 4
    found = documents(folder)
    for who in "abcd":
        own = [document for document in found if document["who"] == who]
        assert [document["number"] for document in own] == list(range(150))
        assert all(set(document["filler"]) <= {who} for document in own)


def test_a_process_killed_while_it_appends_blocks_and_spoils_nobody(folder: Path) -> None:
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


def test_a_short_write_does_not_cut_off_what_others_append(disk: SmallDisk) -> None:
    """Many who run into a full disk at once: what one undoes is its own."""
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
    kept = {
        who: process.communicate(timeout=60)[0]
        for who, process in zip("abc", processes, strict=True)
    }
    assert [process.returncode for process in processes] == [0] * 3
    found = documents(folder)
    for who, numbers in kept.items():
        own = [document["number"] for document in found if document["who"] == who]
        assert own == [int(number) for number in numbers.split()]
    assert 10 < len(found) < 3 * 300 - 10


def test_a_folder_that_was_removed_is_made_again(folder: Path) -> None:
    archive = ArchiveWriter(folder)
    archive.append(b"1", NOON)
    (folder / DAY).unlink()
    archive.append(b"2", NOON)
    (folder / DAY).unlink()
    folder.rmdir()
    archive.append(b"3", NOON)
    assert documents(folder) == [3]


def test_the_name_of_a_file_is_synced_by_every_process_that_appends_to_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever created it may have died before doing so."""
    ArchiveWriter(folder).append(b"1", NOON)
    synced = []
    real = os.fsync

    def watched(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        real(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    other = ArchiveWriter(folder)
    other.append(b"2", NOON)
    assert synced == [folder, folder.parent]
    other.append(b"3", NOON)
    assert synced == [folder, folder.parent], "once a file is enough"
    other.append(b"4", NOON + 24 * 3_600_000_000)
    assert synced == [folder, folder.parent] * 2


@pytest.fixture
def posting(tmp_path: Path, database_at: Callable[[Path], Database]) -> Callable[[object], int]:
    """Posts to the application itself, where a failure of the system can be put in its way."""
    config = Config(data=tmp_path / "var")
    prepare(config)
    app = create_app(config, database_at(config.database))
    client = falcon.testing.TestClient(app, headers={"Host": "127.0.0.1"})
    return lambda document: int(client.simulate_post("/servers", json=document).status_code)


@pytest.mark.parametrize("failure", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
def test_a_report_that_cannot_be_synced_is_not_acknowledged_and_not_in_the_database(
    tmp_path: Path,
    posting: Callable[[object], int],
    database_at: Callable[[Path], Database],
    monkeypatch: pytest.MonkeyPatch,
    failure: int,
) -> None:
    def fails(_descriptor: int) -> None:
        raise OSError(failure, os.strerror(failure))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", fails)
        assert [posting(report()), posting(report())] == [503, 503]
    with database_at(tmp_path / "var" / "compliance.db").snapshot() as connection:
        assert connection.execute("SELECT count(*) FROM servers").fetchone() == (0,)
    assert posting(report()) == 201
    assert posting(report()) == 200


def test_a_line_that_is_still_being_written_is_not_read_yet(tmp_path: Path) -> None:
    archive = ArchiveWriter(tmp_path / "archive")
    archive.append(b'{"a":1}', times.parse("2020-02-15 01:00:00"))
    with (tmp_path / "archive" / "2020-02-15.jsonl").open("ab") as writer:
        writer.write(b'{"recibido":"2020-02-15T02')
    (line,) = read_archive(tmp_path / "archive")
    assert isinstance(line, ArchivedReport)
    assert line.raw == b'{"a":1}'


def test_a_day_that_is_compressed_while_it_is_to_be_read_is_read(folder: Path) -> None:
    archive = ArchiveWriter(folder)
    for day in range(3):
        archive.append(b'{"day":%d}' % day, NOON + day * 24 * 3_600_000_000)
    lines = read_archive(folder)
    first = next(lines)
    for path in sorted(folder.glob("*.jsonl"))[1:]:
        subprocess.run(["gzip", path], check=True)
    read = [line.raw for line in (first, *lines) if isinstance(line, ArchivedReport)]
    assert read == [b'{"day":0}', b'{"day":1}', b'{"day":2}']


def test_a_half_compressed_twin_and_other_files_are_not_read(folder: Path) -> None:
    archive = ArchiveWriter(folder)
    archive.append(b'{"a":1}', NOON)
    (folder / f"{DAY}.gz").write_bytes(gzip.compress(b"x" * 1000)[:10])
    (folder / f"{DAY}.bak").write_bytes(b"not of the archive\n")
    assert documents(folder) == [{"a": 1}]


def test_a_day_that_cannot_be_read_is_named(folder: Path) -> None:
    (folder / DAY).mkdir(parents=True)
    with pytest.raises(StorageUnavailableError, match=DAY):
        list(read_archive(folder))


def is_waited_for(descriptor: int) -> bool:
    """Whether somebody waits for the lock that the descriptor has (proc_locks(5))."""
    inode = os.fstat(descriptor).st_ino
    locks = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    return any("->" in lock and f":{inode} " in lock for lock in locks)


def test_a_line_never_goes_into_a_file_that_was_removed_meanwhile(folder: Path) -> None:
    archive = ArchiveWriter(folder)
    archive.append(b"1", NOON)
    holder = os.open(folder / DAY, os.O_RDWR)
    fcntl.flock(holder, fcntl.LOCK_EX)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(archive.append, b"2", NOON)
        wait_until(lambda: is_waited_for(holder))
        (folder / DAY).unlink()
        os.close(holder)
        refused = waiting.exception(PATIENCE)
    assert isinstance(refused, StorageUnavailableError)
    archive.append(b"2", NOON)
    assert documents(folder) == [2]
