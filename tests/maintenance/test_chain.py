"""The chain of the archive: closed days are sealed, and what happens to them later is noticed."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service import times
from service.archive.chain import parse_link
from service.auth.audit_entries import has_entries_of_access
from service.errors import StorageUnavailableError
from service.maintenance.housekeeping import Housekeeping
from service.maintenance.rebuild import rebuild
from service.maintenance.sealing import last_closed_day
from service.store.archive_links import ArchiveLinkStore
from service.store.engines import open_database
from service.store.queries import load_queries
from service.times import HOUR
from tests.support.sealed_archive import FIRST, Sealed, change_byte


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Sealed]:
    with closing(Sealed(tmp_path / "var")) as made:
        yield made


def test_a_day_is_sealed_an_hour_after_its_end_by_the_digest_of_its_file(folder: Sealed) -> None:
    folder.write(0, lines=3)
    assert folder.seal(0, after=HOUR - 1) == 0
    assert folder.seal(0) == 1
    content = folder.plain(0).read_bytes()
    link = parse_link(folder.texts()[0])
    digest = hashlib.sha256(content).hexdigest()
    assert [tuple(each) for each in link.stretches] == [("2026-02-15", 0, 3, len(content), digest)]
    assert (link.number, link.previous, link.until) == (1, "0" * 64, "2026-02-15")
    assert folder.verify().faults == []


def test_an_entry_of_the_audit_log_has_the_text_and_its_digest(folder: Sealed) -> None:
    folder.write(0)
    folder.seal(0)
    (entry,) = map(json.loads, folder.config.audit_log.read_text().splitlines())
    assert entry["hecho"] == "archive sealed"
    assert entry["eslabon"] == hashlib.sha256(entry["texto"].encode()).hexdigest()
    assert not has_entries_of_access(folder.config.audit_log)  # it lets nobody in


def test_days_without_reports_have_links_that_follow_each_other(folder: Sealed) -> None:
    assert folder.seal(0) == 0  # nothing was ever archived
    folder.write(1)
    folder.write(9)
    assert [folder.seal(day) for day in (1, 2, 3, 3, 9)] == [1, 1, 1, 0, 1]
    links = list(map(parse_link, folder.texts()))
    assert [len(link.stretches) for link in links] == [1, 0, 0, 1]
    assert [link.previous for link in links[1:]] == [link.digest for link in links[:-1]]
    assert folder.verify().faults == []


def test_an_old_archive_is_sealed_by_a_link_a_month(folder: Sealed) -> None:
    for day in range(40):
        folder.write(day)
    assert folder.seal(44) == 2
    assert [parse_link(text).until for text in folder.texts()] == ["2026-03-17", "2026-03-31"]
    assert folder.verify().faults == []


@pytest.mark.parametrize("compressed", [False, True])
def test_what_comes_later_stands_in_the_next_link(folder: Sealed, *, compressed: bool) -> None:
    folder.write(0, lines=2)
    folder.seal(0)
    if compressed:
        folder.compress(0)
    folder.write(0)
    later = folder.plain(0).read_bytes().splitlines(keepends=True)[-1]
    assert "Lines that came to sealed days later: 1." in folder.verify().notes[1]
    folder.write(1)
    folder.seal(1)
    assert tuple(parse_link(folder.texts()[1]).stretches[0]) == (
        *("2026-02-15", 2, 1, len(later)),
        hashlib.sha256(later).hexdigest(),
    )
    found = folder.verify()
    assert found.faults == []
    told = "Lines that came to days which links had closed, and are in later links: "
    assert found.notes[1:] == [
        f"{told}1 of 2026-02-15 (link 2, {times.to_text(times.now())[:10]})."
    ]


def test_a_torn_line_is_no_line(folder: Sealed) -> None:
    folder.write(0)
    with folder.plain(0).open("ab") as file:
        file.write(b'{"recibido":"2026')
    folder.seal(0)
    folder.write(0)  # which cuts it off
    assert folder.verify().faults == []


def test_the_chain_goes_on_where_the_audit_log_was_rotated(folder: Sealed) -> None:
    folder.write(0)
    folder.seal(0)
    folder.config.audit_log.unlink()
    folder.write(1)
    folder.seal(1)
    assert parse_link(folder.texts()[0]).number == 2
    found = folder.verify()
    assert found.faults == []
    assert "Links in the database alone: 1," in found.notes[1]
    folder.lose_database()
    assert folder.verify().faults == [
        "link 1 before link 2 cannot be found: neither the audit log nor the database has it"
    ]


def test_the_chain_goes_on_where_the_database_was_lost(folder: Sealed) -> None:
    folder.write(0)
    folder.seal(0)
    folder.lose_database()
    assert folder.verify().faults == []
    assert folder.seal(0) == 0
    assert ArchiveLinkStore(folder.database, load_queries()).all().keys() == {1}
    folder.write(1)
    folder.seal(1)
    assert parse_link(folder.texts()[1]).number == 2
    assert folder.verify().faults == []


def test_a_rebuilt_database_has_the_links(folder: Sealed) -> None:
    folder.write(0)
    folder.seal(0)
    folder.config.audit_log.unlink()
    done = rebuild(folder.config, lambda _: lambda: None)
    with closing(open_database(done.path)) as rebuilt:
        assert ArchiveLinkStore(rebuilt, load_queries()).all().keys() == {1}


def test_a_kill_between_the_audit_log_and_the_database_makes_no_second_link(
    folder: Sealed, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write(0)
    with monkeypatch.context() as patched:
        patched.setattr(ArchiveLinkStore, "put", _killed)
        with pytest.raises(InterruptedError):
            folder.seal(0)
    assert folder.seal(0) == 0
    assert ArchiveLinkStore(folder.database, load_queries()).all().keys() == {1}
    assert len(folder.texts()) == 1


def test_two_workers_seal_a_day_once(folder: Sealed) -> None:
    folder.write(0)  # long ago
    workers = [Housekeeping(folder.config, seconds_between=0.02) for _ in range(2)]
    for worker in workers:
        worker.start()
    ends = time.monotonic() + 20
    while not folder.texts() and time.monotonic() < ends:
        time.sleep(0.02)
    time.sleep(0.2)  # for the other one
    for worker in workers:
        worker.stop()
    (text,) = folder.texts()
    assert [stretch.day for stretch in parse_link(text).stretches] == ["2026-02-15"]


def _killed(*_: object) -> None:
    raise InterruptedError


def test_without_its_entry_no_link_is_made(folder: Sealed) -> None:
    folder.write(0)
    folder.config.audit_log.mkdir()
    with pytest.raises(StorageUnavailableError):
        folder.seal(0)
    assert ArchiveLinkStore(folder.database, load_queries()).all() == {}


def test_lines_are_on_disk_before_the_link_and_the_entry_before_the_copy(
    folder: Sealed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut leaves no link whose lines are gone, and no copy whose entry is."""
    synced: list[str] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        fsync(descriptor)

    folder.write(0)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", noted)
        patched.setattr(ArchiveLinkStore, "put", _killed)
        with pytest.raises(InterruptedError):
            folder.seal(0)
        assert synced[0] == folder.plain(0).name
        synced.clear()
        with pytest.raises(InterruptedError):
            folder.seal(0)
        assert synced == ["audit.jsonl"]


_STEPS = st.lists(
    st.tuples(st.sampled_from(["write", "compress", "seal"]), st.integers(0, 4)), max_size=25
)


@settings(max_examples=8, deadline=None)
@given(_STEPS, st.data())
def test_whatever_comes_and_is_compressed_agrees_and_a_changed_byte_does_not(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]], data: st.DataObject
) -> None:
    with closing(Sealed(tmp_path_factory.mktemp("chain") / "var")) as folder:
        for step, day in steps:
            getattr(folder, step)(day)
            assert folder.verify().faults == []
        sealed = [
            folder.plain(day)
            for day in range(5)
            if any(f" {folder.plain(day).stem} " in text for text in folder.texts())
            and folder.plain(day).exists()
            and not folder.plain(day).with_name(f"{folder.plain(day).name}.gz").exists()
        ]
        if sealed:
            change_byte(data.draw(st.sampled_from(sealed)))
            assert folder.verify().faults != []


def test_the_last_closed_day_ended_an_hour_ago() -> None:
    assert last_closed_day(FIRST + HOUR - 1) == "2026-02-13"
    assert last_closed_day(FIRST + HOUR) == "2026-02-14"
