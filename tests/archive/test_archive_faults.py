"""Failures of the disk and of writers: the archive holds complete lines only."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import resource
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import falcon.testing
import pytest

from service.app import create_app
from service.archive.append import ArchiveWriter
from service.archive.read import read_archive
from service.config import Config
from service.errors import StorageUnavailableError
from service.maintenance.startup import prepare
from service.store.engines import Database
from tests.archive.archived import DAY, NOON, documents
from tests.support.reports import report
from tests.support.small_disk import PAGE, SmallDisk


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
def test_the_partial_line_of_a_dead_writer_is_removed_by_the_next(
    folder: Path, left: bytes
) -> None:
    archive = ArchiveWriter(folder)
    archive.append(b'"one"', NOON)
    archive.append(b'"two"', NOON)
    with (folder / DAY).open("ab") as day:
        day.write(left)
    archive.append(b'"three"', NOON)
    assert documents(folder) == ["one", "two", "three"]


def test_a_day_with_nothing_but_a_partial_line_begins_anew(folder: Path) -> None:
    folder.mkdir()
    (folder / DAY).write_bytes(b'{"recibido":"2020-02-1')
    ArchiveWriter(folder).append(b'"one"', NOON)
    assert documents(folder) == ["one"]


def test_a_disk_with_room_for_part_of_a_line_keeps_nothing_of_it(disk: SmallDisk) -> None:
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


def test_a_full_disk_keeps_no_line_and_gets_no_folder(disk: SmallDisk) -> None:
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
    """setrlimit(2): a write is cut at the limit; with SIGXFSZ ignored the process survives."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    archive = ArchiveWriter(folder)
    limit = (folder / DAY).stat().st_size * 2
    for size in sizes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
        try:
            archive.append(b'"whole"', NOON)
        except StorageUnavailableError:
            assert size < limit
        else:
            assert size >= limit


def in_child(function: Callable[..., None], *arguments: object) -> None:
    process = multiprocessing.get_context("fork").Process(target=function, args=arguments)
    process.start()
    process.join(60)
    assert process.exitcode == 0


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
    """The process that created it may have died before its sync."""
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
    """Posts to the application in this process, where system calls can be made to fail."""
    config = Config(data=tmp_path / "var")
    prepare(config)
    app = create_app(config, database_at(config.database))
    client = falcon.testing.TestClient(app, headers={"Host": "127.0.0.1"})
    return lambda document: int(client.simulate_post("/servers", json=document).status_code)


@pytest.mark.parametrize("failure", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
def test_a_failed_sync_of_the_archive_gets_503_and_stores_nothing(
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


def test_a_day_that_cannot_be_read_is_named(folder: Path) -> None:
    (folder / DAY).mkdir(parents=True)
    with pytest.raises(StorageUnavailableError, match=DAY):
        list(read_archive(folder))
