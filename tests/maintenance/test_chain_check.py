"""What the check says of a chain, and of an archive, that somebody changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from service import times
from service.archive.chain import Stretch, parse_link
from service.maintenance.sealing import last_closed_day
from service.times import DAY
from tests.support import engine
from tests.support.sealed_archive import FIRST, Sealed, change_byte


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Sealed]:
    with closing(Sealed(tmp_path / "var")) as made:
        yield made


def _removed_line(path: Path) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[1:]))


def _added_line(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], *lines]))


def _swapped_lines(path: Path) -> None:
    path.write_bytes(b"".join(reversed(path.read_bytes().splitlines(keepends=True))))


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize(
    "tamper", [change_byte, _removed_line, _added_line, _swapped_lines, _emptied]
)
def test_a_sealed_day_that_was_changed_is_told(folder: Sealed, tamper: object) -> None:
    folder.write(0, lines=2)
    folder.write(1)
    folder.seal(1)
    assert callable(tamper)
    tamper(folder.plain(0))
    (fault,) = folder.verify().faults
    assert fault.startswith("lines 1 to 2 of 2026-02-15 are not as they were sealed")
    assert folder.seal(2) == 1  # nor does a later link say otherwise
    assert parse_link(folder.texts()[1]).stretches == ()
    assert folder.verify().faults == [fault]


def test_days_that_are_gone_are_named_as_gone_and_hide_no_changed_one(folder: Sealed) -> None:
    for day in range(16):
        folder.write(day, lines=2)
    folder.seal(15)
    for day in (*range(12), 14):
        folder.plain(day).unlink()
    assert folder.verify().faults == [
        "13 closed days are gone, with sealed lines (26): 2026-02-15 to 2026-02-26, 2026-03-01"
    ]
    change_byte(folder.plain(15))
    assert folder.verify().faults[0].startswith("lines 1 to 2 of 2026-03-02 are not as they were")
    assert len(folder.verify().faults) == 2


@pytest.mark.parametrize("sealed_before", [False, True])
def test_a_compressed_day_that_breaks_off_is_told_and_not_sealed(
    folder: Sealed, *, sealed_before: bool
) -> None:
    folder.write(0, lines=60)
    if sealed_before:
        folder.seal(0)
    folder.compress(0)
    packed = folder.plain(0).with_name(f"{folder.plain(0).name}.gz")
    packed.write_bytes(packed.read_bytes()[:150])
    folder.write(0)
    folder.seal(1)
    assert len(parse_link(folder.texts()[0]).stretches) == int(sealed_before)
    assert folder.verify().faults == ["2026-02-15 breaks off: its compressed file is damaged"]


def test_a_rewritten_link_is_told(folder: Sealed) -> None:
    for day in range(3):
        folder.write(day)
        folder.seal(day)
    before = folder.config.audit_log.read_text()
    change_byte(folder.plain(1))
    forged = parse_link(folder.texts()[1])
    digest = hashlib.sha256(folder.plain(1).read_bytes()).hexdigest()
    folder.config.audit_log.write_text(before.replace(forged.stretches[0].sha256, digest))
    assert folder.verify().faults == [
        "link 2 has another digest in the audit log",
        "link 2 differs between the audit log and the database",
        "link 3 does not follow link 2",
    ]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_the_digest_that_an_entry_states_is_that_of_its_text(folder: Sealed) -> None:
    folder.write(0)
    folder.seal(0)
    log = folder.config.audit_log
    log.write_text(log.read_text().replace(_digest(folder.texts()[0]), "0" * 64))
    assert folder.verify().faults == ["link 1 has another digest in the audit log"]


@pytest.mark.parametrize(
    ("part", "other"),
    [("link 1", "link 01"), (" 0 1 ", " 0 \u0661 "), ("2026-02-15", "2026-02-31")],
)
def test_a_link_that_is_written_in_another_way_is_none(
    folder: Sealed, part: str, other: str
) -> None:
    folder.write(0)
    folder.seal(0)
    text = folder.texts()[0].replace(part, other)
    entry = {"hora": "", "hecho": "archive sealed", "numero": 1, "eslabon": _digest(text)}
    folder.config.audit_log.write_text(json.dumps(entry | {"texto": text}) + "\n")
    assert folder.verify().faults[-1].startswith("link 1 ")


@pytest.mark.parametrize("number", ["1e999", "[]", '"x"', "null"])
def test_an_entry_without_a_number_is_none(folder: Sealed, number: str) -> None:
    start = '{"hora": "", "hecho": "archive sealed", "numero": '
    folder.config.audit_log.write_text(f'{start}{number}, "eslabon": "", "texto": ""}}\n')
    assert folder.verify().faults == []


@pytest.mark.parametrize("removed", [1, 2])
def test_an_entry_that_was_removed_from_the_audit_log_is_told(folder: Sealed, removed: int) -> None:
    for day in range(3):
        folder.write(day)
        folder.seal(day)
    lines = folder.config.audit_log.read_text().splitlines(keepends=True)
    del lines[removed]
    folder.config.audit_log.write_text("".join(lines))
    (fault,) = folder.verify().faults
    assert fault.startswith(
        f"link {removed + 1} is in the database alone: the audit log has link 1"
    )
    assert not any("rotated" in note for note in folder.verify().notes)
    folder.write(3)
    folder.seal(3)  # it goes on from the copy
    assert parse_link(folder.texts()[-1]).number == 4
    assert len(folder.verify().faults) == 1


def test_lines_that_links_leave_out_are_told(folder: Sealed) -> None:
    folder.write(0)
    folder.seal(0)
    folder.write(0, lines=3)
    folder.seal(1)
    link = parse_link(folder.texts()[1])
    (whole,) = link.stretches
    last = folder.plain(0).read_bytes().splitlines(keepends=True)[-1]
    part = Stretch(whole.day, 3, 1, len(last), hashlib.sha256(last).hexdigest())
    forged = replace(link, stretches=(part,))
    log = folder.config.audit_log
    log.write_text(
        log.read_text()
        .replace(json.dumps(link.text), json.dumps(forged.text))
        .replace(link.digest, forged.digest)
    )
    engine.execute(folder.config.database, "DELETE FROM archive_link")
    assert folder.verify().faults == [
        "lines 2 to 3 of 2026-02-15 are in no link, though later ones are"
    ]


def test_a_clock_that_was_ahead_leaves_later_days_to_later_links(folder: Sealed) -> None:
    folder.write(0)
    ahead = (times.now() - FIRST) // DAY + 400
    assert folder.seal(ahead) == 1
    folder.write(0)
    assert folder.seal(0) == 1
    folder.write(1)
    assert folder.seal(1) == 1
    found = folder.verify()
    assert found.faults == []
    # No day is sealed that is not over.
    assert f"until {last_closed_day(times.now())}: " in found.notes[0]
    assert "the clock of the service was set back: 2." in found.notes[2]
    # Lines of days that were yet to come did not come late; those of a day with a link did.
    assert "in later links: 1 of 2026-02-15 (link 2, " in found.notes[1]
    assert "2026-02-16" not in found.notes[1]


def test_the_lines_of_the_running_day_are_not_late_where_the_clock_was_ahead(
    folder: Sealed,
) -> None:
    folder.write(0)
    today = (times.now() - FIRST) // DAY
    folder.seal(today + 3)
    folder.write(today)
    assert not any("later" in note for note in folder.verify().notes)


def test_a_day_that_was_made_up_later_is_named(folder: Sealed) -> None:
    folder.write(0)
    folder.seal(3)
    folder.write(2, lines=5)
    folder.seal(4)
    assert folder.verify().faults == []  # as of a clock that was set back
    assert "in later links: 5 of 2026-02-17 (link 2, " in folder.verify().notes[1]


def test_lines_that_came_to_a_changed_day_wait_for_no_link(folder: Sealed) -> None:
    folder.write(0)
    folder.seal(0)
    change_byte(folder.plain(0))
    folder.write(0)
    assert "that no link has: 1." in folder.verify().notes[-1]
    assert folder.seal(1) == 1
    assert "that no link has: 1." in folder.verify().notes[-1]
