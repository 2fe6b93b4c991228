"""The archive: format, days, compression, and what its reader skips."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from service import times
from service.archive.append import ArchiveWriter
from service.archive.read import ArchivedReport, DamagedLine, read_archive
from service.errors import StorageUnavailableError
from tests.archive.archived import DAY, NOON, documents


def test_a_line_holds_the_arrival_and_the_document_as_sent(folder: Path) -> None:
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
    plain = complete_lines(folder)
    first_day = folder / DAY
    first_day.with_name(f"{DAY}.gz").write_bytes(gzip.compress(first_day.read_bytes()))
    first_day.unlink()
    assert complete_lines(folder) == plain
    assert len(plain) == 24


def complete_lines(folder: Path) -> list[tuple[int, bytes]]:
    return [
        (line.received_at, line.raw)
        for line in read_archive(folder)
        if isinstance(line, ArchivedReport)
    ]


def test_a_truncated_compressed_day_is_a_damaged_line_before_the_next_day(
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


def test_an_unfinished_last_line_is_not_read(tmp_path: Path) -> None:
    archive = ArchiveWriter(tmp_path / "archive")
    archive.append(b'{"a":1}', times.parse("2020-02-15 01:00:00"))
    with (tmp_path / "archive" / "2020-02-15.jsonl").open("ab") as writer:
        writer.write(b'{"recibido":"2020-02-15T02')
    (line,) = read_archive(tmp_path / "archive")
    assert isinstance(line, ArchivedReport)
    assert line.raw == b'{"a":1}'


def test_a_day_that_is_compressed_during_the_reading_is_read(folder: Path) -> None:
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


def pack(folder: Path, lines: bytes) -> None:
    (folder / f"{DAY}.gz").write_bytes(gzip.compress(lines))


def test_a_day_that_grew_after_it_was_compressed_is_both_files_in_this_order(folder: Path) -> None:
    archive = ArchiveWriter(folder)
    archive.append_all([b"1", b"2"], NOON)
    pack(folder, (folder / DAY).read_bytes())
    (folder / DAY).unlink()
    archive.append_all([b"3", b"4"], NOON)
    assert documents(folder) == [1, 2, 3, 4]


def test_a_line_in_both_files_of_a_day_counts_once(folder: Path) -> None:
    archive = ArchiveWriter(folder)
    archive.append_all([b"1", b"2"], NOON)
    pack(folder, (folder / DAY).read_bytes())
    archive.append(b"3", NOON)
    assert documents(folder) == [1, 2, 3], "the compressed file is how the plain one begins"
    (folder / DAY).unlink()
    archive.append_all([b"2", b"3"], NOON)
    assert documents(folder) == [1, 2, 3]


def test_a_compressed_file_that_breaks_off_is_read_before_the_plain_one(folder: Path) -> None:
    archive = ArchiveWriter(folder)
    archive.append(os.urandom(200_000).hex().encode(), NOON)
    archive.append(os.urandom(200_000).hex().encode(), NOON)
    packed = gzip.compress((folder / DAY).read_bytes())
    (folder / DAY).unlink()
    archive.append(b"3", NOON)
    (folder / f"{DAY}.gz").write_bytes(packed[: len(packed) * 3 // 4])
    first, damaged, last = read_archive(folder)
    assert damaged == DamagedLine(folder / f"{DAY}.gz", 2)
    assert isinstance(first, ArchivedReport)
    assert isinstance(last, ArchivedReport)
    assert last.raw == b"3"


def test_an_archive_that_is_a_file_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "archive").write_text("a file", encoding="utf-8")
    with pytest.raises(StorageUnavailableError, match="archive is no folder"):
        list(read_archive(tmp_path / "archive"))
