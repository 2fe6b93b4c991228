"""The chain of the archive: closed days are sealed, and what happens to them later is noticed."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    assert folder.verify().faults == []
    assert len(folder.verify().notes) == 1


def test_a_torn_line_is_no_line(folder: Sealed) -> None:
    folder.write(0)
    with folder.plain(0).open("ab") as file:
        file.write(b'{"recibido":"2026')
    folder.seal(0)
    folder.write(0)  # which cuts it off
    assert folder.verify().faults == []


def _removed_line(path: Path) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[1:]))


def _added_line(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], *lines]))


def _swapped_lines(path: Path) -> None:
    path.write_bytes(b"".join(reversed(path.read_bytes().splitlines(keepends=True))))


@pytest.mark.parametrize(
    "tamper", [change_byte, _removed_line, _added_line, _swapped_lines, Path.unlink]
)
def test_a_sealed_day_that_was_changed_is_told(folder: Sealed, tamper: object) -> None:
    folder.write(0, lines=2)
    folder.write(1)
    folder.seal(1)
    assert callable(tamper)
    tamper(folder.plain(0))
    (fault,) = folder.verify().faults
    assert fault.startswith("lines 1 to 2 of 2026-02-15 ")
    assert folder.seal(2) == 1  # nor does a later link say otherwise
    assert parse_link(folder.texts()[1]).stretches == ()
    assert folder.verify().faults == [fault]


def test_a_compressed_day_that_breaks_off_is_told_and_not_sealed(folder: Sealed) -> None:
    folder.write(0, lines=200)
    folder.compress(0)
    packed = folder.plain(0).with_name(f"{folder.plain(0).name}.gz")
    packed.write_bytes(packed.read_bytes()[:200])
    folder.seal(0)
    assert parse_link(folder.texts()[0]).stretches == ()
    assert folder.verify().faults == ["2026-02-15 breaks off"]


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
        "link 2 differs between the audit log and the database",
        "link 3 does not follow link 2",
    ]


def test_a_clock_that_was_ahead_leaves_later_days_to_later_links(folder: Sealed) -> None:
    folder.write(0)
    assert folder.seal(400) == 1
    folder.write(0)
    assert folder.seal(0) == 1
    folder.write(1)
    assert folder.seal(1) == 1
    assert folder.verify().faults == []
    assert "until 2027-" in folder.verify().notes[0]


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


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_a_link_can_be_time_stamped_with_openssl(folder: Sealed, tmp_path: Path) -> None:
    folder.write(0)
    folder.seal(0)
    (tmp_path / "link.txt").write_text(folder.texts()[0])
    (tmp_path / "tsa.cnf").write_text(
        "[tsa]\ndefault_tsa = own\n[own]\nserial = serial\ndefault_policy = 1.2.3\n"
        "digests = sha256\nsigner_digest = sha256\ntsa_name = no\n"
        "[req]\ndistinguished_name = dn\nx509_extensions = ext\n[dn]\n"
        "[ext]\nextendedKeyUsage = critical,timeStamping\n"
    )
    for command in (
        "req -x509 -config tsa.cnf -newkey rsa:2048 -nodes -keyout key.pem -out ca.pem -subj /CN=t",
        "ts -query -data link.txt -sha256 -cert -out link.tsq",
        "ts -reply -config tsa.cnf -queryfile link.tsq -signer ca.pem -inkey key.pem -out link.tsr",
        "ts -verify -data link.txt -in link.tsr -CAfile ca.pem",
    ):
        subprocess.run(["openssl", *command.split()], cwd=tmp_path, check=True, capture_output=True)
