"""A server that sends more than is judged does not hold back the new texts of the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service import times
from service.policies.evaluator import hold
from service.policies.evaluator.evaluator import Evaluator
from service.times import HOUR, MINUTE, SECOND
from tests.policies.rule_texts import write_rule
from tests.support import engine
from tests.support.judged_field import EVERYWHERE, START, Arrival, Field, Telling, work

ANOTHER = ("name = 'bad'\n", "name IN ('bad', 'worse')\n"), ("version = 2", "version = 3")
CURSORS = "SELECT epoch FROM judged ORDER BY server_id"


@pytest.fixture
def fields(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Field]]:
    """Three servers. The spool of the second one has just arrived, which is much to judge."""
    found = [Field(tmp_path / name, monkeypatch, with_tags=True) for name in ("all", "few", "kill")]
    for field in found:
        monkeypatch.setattr(times, "now", lambda field=field: field.now)
        for machine in ("m0", "m1", "m2"):
            field.add(Arrival(START + SECOND, START, machine, ()))
        field.now = START + MINUTE
        with Evaluator(field.config) as evaluator:
            evaluator.begin(look_seconds=0)
            work(evaluator)
        for number in range(1, 25):
            at = START + number * 5 * MINUTE
            names = ("bad",) if number % 6 < 2 else ("worse",) if number % 6 < 4 else ()
            field.now = START + 2 * HOUR + number * SECOND
            field.add(Arrival(field.now, at, "m1", names))
            if number in (8, 24):
                field.tell(Telling(field.now, "m1", "produccion" if number == 8 else "pruebas"))
                field.tell(Telling(field.now, "m2", "produccion" if number == 24 else None))
        write_rule(field.config.policies or Path(), *ANOTHER, EVERYWHERE)
        field.now += MINUTE
    yield found
    for field in found:
        field.database.close()


def test_it_is_judged_as_if_the_new_texts_had_waited_for_it(
    fields: list[Field], monkeypatch: pytest.MonkeyPatch
) -> None:
    for field, patience in zip(fields, (1e9, -1.0, -1.0), strict=True):
        monkeypatch.setattr(times, "now", lambda field=field: field.now)
        monkeypatch.setattr(hold, "_PATIENCE", patience)
        evaluator = Evaluator(field.config)
        evaluator.begin(look_seconds=0)
        field.now += 5 * SECOND
        for machine in ("m0", "m1"):
            field.add(Arrival(field.now, field.now, machine, ("worse",)))
        seen = set()
        with closing(evaluator):
            for _ in range(12):
                evaluator.work()
                seen.add(tuple(engine.rows(field.config.database, CURSORS)))
            if field is not fields[2]:
                work(evaluator)
                assert evaluator._behind._guard is None
        if field is fields[2]:  # it was killed; the next one knows the texts of before
            with Evaluator(field.config) as another:
                another.begin(look_seconds=0)
                work(another)
        epochs = [len(set(rows)) for rows in seen]
        assert max(epochs) == (1 if patience > 0 else 2)
        final = engine.rows(field.config.database, CURSORS)
        assert len(set(final)) == 1
        (worse,) = engine.rows(
            field.config.database,
            "SELECT version FROM violation JOIN policy_text ON policy_text.id = text_id"
            " WHERE server_id = 1 AND rule = 'a-rule'",
        )
        assert worse == (3,)
    waited, *others = (field.rows() for field in fields)
    assert len(waited[0]) > 4
    for rows in others:
        assert rows == waited
