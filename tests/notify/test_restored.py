"""A database that is older than what receivers were told sends one digest, no old transition."""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from service import times
from service.archive.append import ArchiveWriter
from service.commands import rebuild
from service.ingest.json_reader import read_json
from service.ingest.validation import ReportValidator
from service.maintenance.downtime import note_alive
from service.maintenance.recovery import recover_reports
from service.notify.line import Line
from service.notify.receivers import read_receivers
from service.notify.restored import Memory, Settling
from service.notify.stores import stores_of
from service.policies.evaluator.evaluator import Evaluator
from service.store.engines import open_database, sqlite_file
from service.store.queries import load_queries
from service.times import MINUTE, SECOND
from tests.notify.receiver import HttpReceiver
from tests.notify.told import ToldFleet, tell
from tests.support import engine
from tests.support.reports import report


class Restoring:
    """A fleet with an archive; its database is replaced while neither service nor sender runs."""

    def __init__(self, told: ToldFleet, receiver: HttpReceiver) -> None:
        self.told, self.receiver, self.config = told, receiver, told.fleet.config
        self.database = told.fleet.database
        self.memory = self.config.sent
        told.write(f'guard\nkind = "webhook"\nurl = "{receiver.url}"')
        self._ago = 300

    def report(self, machine: str, *names: str) -> None:
        """An archived report, which is judged."""
        self._ago -= 1
        at = times.now() - self._ago * SECOND
        processes = [
            {"username": "root", "pid": 1 + n, "name": name}
            for n, name in enumerate(("init", *names))
        ]
        when = times.to_text(at)
        document = report(2, fecha_hora=when, procesos=processes)
        document |= {"version_esquema": 2, "id_maquina": machine}
        raw = json.dumps(document).encode()
        ArchiveWriter(self.config.archive).append(raw, at)
        self.told.fleet.store.add(ReportValidator().validate(read_json(raw)), at)
        self.judge()

    def judge(self) -> None:
        with Evaluator(self.config) as evaluator:
            evaluator.begin(look_seconds=0)
            while evaluator.work():
                pass

    def begin(self) -> Line:
        """As a sender that starts now has it."""
        receiver = read_receivers(self.told.file)["guard"]
        files = self.config.alive, self.config.evaluator_lock
        return Line(
            receiver,
            stores_of(self.database, load_queries(), self.config.evaluator_lock),
            None,
            memory=Memory(self.memory),
            settling=Settling(load_queries(), *files),
        )

    def tell(self, line: Line) -> list[str]:
        self.receiver.taken.clear()
        tell(line)
        return [message.json()["tipo"] for message in self.receiver.taken]

    def open_again(self) -> None:
        """As a start does, which puts back what the database lacks."""
        self.database = open_database(self.config.database)
        self.database.migrate()
        recover_reports(self.config, self.database, was_closed=True)

    def run(self) -> None:
        """Service and evaluator run, and all is judged."""
        self.config.evaluator_lock.touch()
        self.judge()
        note_alive(self.config)


@pytest.fixture
def restoring(
    told: ToldFleet, receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Restoring]:
    monkeypatch.setattr("service.notify.restored._STAYS_FOR", 0)
    engine.execute(told.fleet.config.database, "UPDATE policy_text SET first_seen_at = 1")
    made = Restoring(told, receiver)
    told.fleet.config.archive.mkdir()
    made.report("m1")
    line = made.begin()
    assert made.tell(line) == ["resumen"]
    yield made
    made.database.close()


def what_happens(restoring: Restoring) -> None:
    """m1 fails and is repaired, m2 fails; all of it is told."""
    line = restoring.begin()
    restoring.report("m1", "bad")
    restoring.report("m2", "bad")
    assert restoring.tell(line) == ["abierta", "abierta"]
    restoring.report("m1")
    assert restoring.tell(line) == ["resuelta"]


def is_told_once(restoring: Restoring) -> None:
    """One digest of what is open, and then what happens next."""
    line = restoring.begin()
    assert restoring.tell(line) == []
    restoring.run()
    assert restoring.tell(line) == ["resumen"]
    digest = restoring.receiver.taken[0].json()
    assert digest["razon"] == "restaurado"
    assert [(each["tipo"], each["politica"]) for each in digest["mensajes"]] == [
        ("abierta", "a-rule")
    ]
    assert restoring.tell(restoring.begin()) == []  # a sender that starts again
    restoring.told.fleet.store = type(restoring.told.fleet.store)(
        restoring.database, load_queries()
    )
    restoring.report("m2")
    assert restoring.tell(line) == ["resuelta"]


def test_an_older_copy_that_is_put_into_place_sends_one_digest(
    restoring: Restoring, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    engine.execute(restoring.config.database, "VACUUM INTO ?", (str(copy),))
    what_happens(restoring)
    restoring.database.close()
    sqlite_file.remove(restoring.config.database)
    shutil.copy(copy, restoring.config.database)
    restoring.open_again()
    is_told_once(restoring)


def test_a_database_that_is_made_anew_from_the_archive_sends_one_digest(
    restoring: Restoring,
) -> None:
    what_happens(restoring)
    restoring.database.close()
    sqlite_file.remove(restoring.config.database)
    for swap in (False, True):
        assert rebuild.run(restoring.config, argparse.Namespace(swap=swap, accept_loss=True)) == 0
    restoring.open_again()
    is_told_once(restoring)


def test_a_rebuild_of_a_sound_database_repeats_nothing(restoring: Restoring) -> None:
    what_happens(restoring)
    restoring.database.close()
    for swap in (False, True):
        assert rebuild.run(restoring.config, argparse.Namespace(swap=swap, accept_loss=False)) == 0
    restoring.open_again()
    line = restoring.begin()
    restoring.run()
    assert restoring.tell(line) == []


def test_messages_that_wait_in_an_older_copy_are_not_sent(
    restoring: Restoring, tmp_path: Path
) -> None:
    line = restoring.begin()
    restoring.report("m1", "bad")
    line.take()
    copy = tmp_path / "copy.db"
    engine.execute(restoring.config.database, "VACUUM INTO ?", (str(copy),))
    assert restoring.tell(line) == ["abierta"]
    restoring.report("m1")
    assert restoring.tell(line) == ["resuelta"]
    restoring.database.close()
    sqlite_file.remove(restoring.config.database)
    shutil.copy(copy, restoring.config.database)
    restoring.open_again()
    line = restoring.begin()
    assert restoring.tell(line) == []
    restoring.run()
    assert restoring.tell(line) == ["resumen"]
    assert restoring.receiver.taken[0].json()["total"] == 0


def test_an_evaluator_that_does_not_come_to_it_holds_nothing_up_for_ever(
    restoring: Restoring,
) -> None:
    at = times.now()
    settling = Settling(load_queries(), restoring.config.alive, restoring.config.evaluator_lock)
    with restoring.database.snapshot() as connection:
        assert not settling.is_over(connection, at, at + 59 * MINUTE)
        assert settling.is_over(connection, at, at + 60 * MINUTE)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"guard": "x"}', b"\xff"])
def test_a_memory_that_cannot_be_read_tells_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "sender.sent"
    path.write_bytes(content)
    memory = Memory(path)
    assert memory.sent_at("guard") == 0
    memory.note("guard", 7)
    assert Memory(path).sent_at("guard") == 7
    assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_is_told_before_all_is_judged_that_had_arrived(
    restoring: Restoring, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    engine.execute(restoring.config.database, "VACUUM INTO ?", (str(copy),))
    what_happens(restoring)
    restoring.database.close()
    sqlite_file.remove(restoring.config.database)
    shutil.copy(copy, restoring.config.database)
    restoring.open_again()
    line = restoring.begin()
    assert restoring.tell(line) == []
    path = restoring.config.database
    ((epoch,),) = engine.rows(path, "SELECT epoch FROM judged")
    note_alive(restoring.config)
    restoring.config.evaluator_lock.write_text(json.dumps({"files": "", "epoch": epoch}))
    asked = "'guard', x'01', 'resumen', 0, 0, '{\"tipo\": \"asked\"}', 0, 0, 'esperando'"
    names = "receiver, digest, kind, made_at, not_before, body, attempts, next_at, state"
    engine.execute(path, f"INSERT INTO message ({names}) VALUES ({asked})")
    assert restoring.tell(line) == []  # reports wait
    restoring.run()
    assert restoring.tell(line) == ["asked", "resumen"]
