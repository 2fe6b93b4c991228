"""What the evaluator keeps in memory changes nothing of what it stores."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.errors import StorageUnavailableError
from service.policies.evaluator.evaluator import Evaluator
from service.policies.evaluator.known_states import KnownStates
from service.policies.evaluator.sight import Sight
from service.store.write.verdicts import VerdictStore
from service.times import HOUR
from tests.support import engine
from tests.support.judged_field import (
    START,
    Field,
    Told,
    live,
    odd_arrivals,
    random_arrivals,
    random_retirings,
    random_tellings,
)


def _is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept, and the guard gets all rows."""
    monkeypatch.setattr(KnownStates, "keep", lambda *_: None)
    monkeypatch.setattr(Sight, "of", lambda *_: None)


def _fails(monkeypatch: pytest.MonkeyPatch, generator: random.Random) -> None:
    """Now and then the verdicts of a round cannot be stored; the evaluator then tries again."""
    save, work = VerdictStore.save, Evaluator.work

    def failing(self: VerdictStore, *arguments: Any) -> None:
        save(self, *arguments)
        *_, tick = arguments
        if tick is None and generator.random() < 0.1:
            raise StorageUnavailableError("the disk is full")

    def trying(self: Evaluator) -> bool:
        try:
            return work(self)
        except StorageUnavailableError:
            return True

    monkeypatch.setattr(VerdictStore, "save", failing)
    monkeypatch.setattr(Evaluator, "work", trying)


def _rows(
    folder: Path, seed: int, length: int, prepare: Callable[[pytest.MonkeyPatch], None]
) -> list[engine.Rows]:
    generator = random.Random(seed)
    with pytest.MonkeyPatch.context() as monkeypatch:
        field = Field(folder, monkeypatch, with_fleet=True, with_tags=True)
        prepare(monkeypatch)
        arrivals = [*random_arrivals(generator, length, 3), *odd_arrivals(generator, length)]
        arrivals.sort(key=lambda arrival: arrival.at)
        told: list[Told] = [*random_tellings(generator, length, 3)]
        told += random_retirings(generator, length, 1)
        live(field, arrivals, START + length + HOUR, None, told)
        field.database.close()
        return field.rows()


def _compare(folder: Path, seed: int, length: int) -> None:
    plain = _rows(folder / "plain", seed, length, _is_plain)
    assert len(plain[0]) > 5
    assert _rows(folder / "kept", seed, length, lambda _: None) == plain
    generator = random.Random(seed)
    failing = _rows(folder / "failing", seed, length, lambda m: _fails(m, generator))
    assert failing == plain


def test_memory_changes_nothing(tmp_path: Path) -> None:
    _compare(tmp_path, 1, 20 * HOUR)


@pytest.mark.torture
@pytest.mark.parametrize("seed", [2])
def test_memory_changes_nothing_of_days(tmp_path: Path, seed: int) -> None:
    _compare(tmp_path, seed, 40 * HOUR)
