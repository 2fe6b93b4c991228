"""Verdicts are stored at the priority of the service, a few servers at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from service.errors import StorageUnavailableError
from service.policies.evaluator import verdict_writer
from service.policies.evaluator.evaluator import Evaluator
from service.policies.evaluator.verdict_writer import VerdictWriter
from service.store.engines import open_database
from service.store.queries import load_queries
from service.store.write.server_events import ServerEventStore
from service.store.write.verdicts import VerdictStore
from service.times import MINUTE, SECOND
from tests.support import engine
from tests.support.judged_field import FLEET_EVERY, START, Arrival, Field, work

_JUDGEMENTS = """
SELECT judged.server_id, count(judgement.server_id)
FROM judged LEFT JOIN judgement ON judgement.server_id = judged.server_id
GROUP BY judged.server_id
"""
_OTHERS = """
SELECT count(*) FROM judgement
WHERE NOT EXISTS (SELECT 1 FROM judged WHERE judged.server_id = judgement.server_id)
"""


@contextmanager
def open_writer(folder: Path) -> Iterator[VerdictWriter]:
    with closing(open_database(folder / "compliance.db")) as database:
        store = VerdictStore(load_queries())
        with closing(VerdictWriter(database, store, ServerEventStore(load_queries()))) as writer:
            yield writer


def priority() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)


def test_the_writer_keeps_the_priority_of_the_beginning(tmp_path: Path) -> None:
    def in_a_thread() -> tuple[int, int, int]:
        before = priority()
        with open_writer(tmp_path) as writer:
            os.nice(5)
            return before, priority(), writer.call(priority)

    before, lowered, of_writer = ThreadPoolExecutor(1).submit(in_a_thread).result()
    assert of_writer == before
    assert lowered == min(before + 5, 19)


def test_a_transaction_that_fails_leaves_the_servers_before_it_stored_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = judged_at_once(tmp_path / "whole", monkeypatch)
    monkeypatch.setattr(verdict_writer, "_CHANGES_AT_ONCE", 10)  # two servers
    with open_field(tmp_path / "parts", monkeypatch) as (field, evaluator):
        with monkeypatch.context() as failing:
            failing.setattr(VerdictStore, "save", Failing(VerdictStore.save, calls=3))
            with pytest.raises(StorageUnavailableError):
                work(evaluator)
        stored = engine.rows(field.config.database, _JUDGEMENTS)
        assert 0 < len(stored) < SERVERS
        assert len({rules for _, rules in stored}) == 1
        assert engine.rows(field.config.database, _OTHERS) == [(0,)]
        work(evaluator)
        assert field.rows() == whole


def test_a_tick_of_the_fleet_that_is_not_stored_is_judged_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    field = Field(tmp_path, monkeypatch, with_fleet=True)
    with closing(field.database), Evaluator(field.config) as evaluator:
        evaluator.begin(look_seconds=0)
        at = field.now = START + MINUTE
        field.add(Arrival(at, at, "m0", ("bad",)))
        work(evaluator)
        field.now = START + FLEET_EVERY + 2 * SECOND
        with monkeypatch.context() as failing:
            failing.setattr(VerdictStore, "save", Failing(VerdictStore.save, calls=1))
            with pytest.raises(StorageUnavailableError):
                work(evaluator)
        work(evaluator)
        query = "SELECT at FROM fleet_tick"
        assert engine.rows(field.config.database, query) == [(START + FLEET_EVERY,)]


SERVERS = 12


class Failing:
    """A method of a store that fails at one of its calls, in the transaction."""

    def __init__(self, method: Any, calls: int) -> None:
        self._method, self._left = method, calls

    def __get__(self, store: object, _kind: type | None = None) -> Any:
        def call(*values: object, **named: object) -> None:
            self._method(store, *values, **named)
            self._left -= 1
            if not self._left:
                raise StorageUnavailableError("the disk is full")

        return call


@contextmanager
def open_field(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Field, Evaluator]]:
    """Servers that have reported, half of them a violation, none of which is judged yet."""
    field = Field(folder, monkeypatch)
    with closing(field.database), Evaluator(field.config) as evaluator:
        evaluator.begin(look_seconds=0)
        for number in range(SERVERS):
            at, names = START + MINUTE + number, ("bad",) if number % 2 else ()
            field.now = at
            field.add(Arrival(at, at, f"m{number}", names))
        field.now = START + 2 * MINUTE
        yield field, evaluator


def judged_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[engine.Rows]:
    with open_field(folder, monkeypatch) as (field, evaluator):
        work(evaluator)
        return field.rows()
