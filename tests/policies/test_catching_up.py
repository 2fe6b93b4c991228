"""An evaluator that was behind, or off, gives what one gave that was always there."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service import times
from service.policies.evaluator.evaluator import Evaluator
from service.times import DAY, HOUR, SECOND
from tests.support import engine
from tests.support.judged_field import START, Field, live, random_arrivals, work


@pytest.fixture
def fields(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Field, Field]]:
    first, second = (Field(tmp_path / name, monkeypatch) for name in ("live", "behind"))
    with closing(first.database), closing(second.database):
        yield first, second


def _compare(
    fields: tuple[Field, Field], seed: int, length: int, machines: int, *, is_deaf: bool
) -> None:
    steady, behind = fields
    arrivals = random_arrivals(random.Random(seed), length, machines)
    end = START + length + 2 * HOUR
    deaf = (START + 5 * HOUR, START + 9 * HOUR) if is_deaf else None
    if deaf is not None:
        arrivals = [one for one in arrivals if not deaf[0] <= one.at <= deaf[1]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(times, "now", lambda: steady.now)
        live(steady, arrivals, end, deaf)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(times, "now", lambda: behind.now)
        with Evaluator(behind.config) as evaluator:
            evaluator.begin(look_seconds=0)
            work(evaluator)
        for arrival in arrivals:
            behind.add(arrival)
        if deaf is not None:
            behind.be_deaf(*deaf)
        behind.now = end
        with Evaluator(behind.config) as evaluator:
            evaluator.begin(look_seconds=0)
            work(evaluator)
    for expected, given in zip(steady.rows(), behind.rows(), strict=True):
        assert given == expected, seed
    assert {row[0] for row in steady.rows()[0]} == {"a-rule", "d-rule", "h-rule", "silencioso"}


def test_an_evaluator_that_was_off_gives_what_one_gave_that_ran(
    fields: tuple[Field, Field],
) -> None:
    _compare(fields, 1, 12 * HOUR, 2, is_deaf=False)


@pytest.mark.torture
@pytest.mark.parametrize("is_deaf", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_an_evaluator_that_was_off_for_days_gives_what_one_gave_that_ran(
    fields: tuple[Field, Field], seed: int, *, is_deaf: bool
) -> None:
    _compare(fields, seed, 3 * DAY, 3, is_deaf=is_deaf)


# `seen_at` tells of silence, which is a matter of arrival.
BY_PLACE = (
    "SELECT server_id, opened_after_at, opened_in_at, confirmed_at, cleared_at, ended_at,"
    " relapses FROM violation JOIN policy_text ON policy_text.id = text_id"
    " WHERE rule = 'a-rule' ORDER BY 1, 3"
)


def _spool(fields: tuple[Field, Field], seed: int, length: int, machines: int) -> None:
    steady, spooled = fields
    generator = random.Random(seed)
    arrivals = [
        one._replace(at=one.taken_at + SECOND)
        for one in random_arrivals(generator, length, machines)
        if one.taken_at >= START  # when there are rules
    ]
    arrivals.sort()
    for field, moves in ((steady, False), (spooled, True)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(times, "now", lambda now=field: now.now)
            with Evaluator(field.config) as evaluator:
                evaluator.begin(look_seconds=0)
                for number, one in enumerate(arrivals):
                    field.now = START + length + number if moves else one.at
                    field.add(one._replace(at=field.now))
                    if not moves:
                        work(evaluator)
                work(evaluator)
    expected = engine.rows(steady.config.database, BY_PLACE)
    assert len(expected) > 0
    assert engine.rows(spooled.config.database, BY_PLACE) == expected, seed


def test_a_drained_spool_gives_what_live_reports_gave(fields: tuple[Field, Field]) -> None:
    _spool(fields, 3, 12 * HOUR, 1)


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(8))
def test_drained_spools_of_days_give_what_live_reports_gave(
    fields: tuple[Field, Field], seed: int
) -> None:
    _spool(fields, seed, 3 * DAY, 2)
