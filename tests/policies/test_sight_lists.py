"""Verdicts follow the lists and texts that are in force, and no others."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from service.errors import StorageUnavailableError
from service.policies.evaluator.evaluator import Evaluator
from service.times import MINUTE
from tests.policies.rule_texts import write_rule
from tests.support import engine
from tests.support.judged_field import EVERYWHERE, START, Arrival, Field, work

_OTHER_LISTS = """\
SELECT name, count(*) AS n
FROM procesos_listados
WHERE lista GLOB 'min[e]' AND lista <> 'telnet'"""
_PLAIN = "SELECT name, count(*) AS n\nFROM procesos_vigentes\nWHERE name = 'bad'"


def test_another_list_is_not_judged_by_what_was_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    field = Field(tmp_path, monkeypatch)
    lists = tmp_path / "rules" / "listas"
    lists.mkdir()
    (lists / "mine.txt").write_text("other\n", encoding="utf-8")
    write_rule(
        tmp_path / "rules", ('"a-rule"', '"k-rule"'), (_PLAIN, _OTHER_LISTS), EVERYWHERE,
        ('{ name = "bad" }', '{ name = "other" }'), name="k-rule",
    )  # fmt: skip
    with closing(field.database), Evaluator(field.config) as evaluator:
        evaluator.begin(look_seconds=0)
        for number in range(1, 5):
            field.now = at = START + number * MINUTE
            if number == 3:
                (lists / "mine.txt").write_text("other\nodd\n", encoding="utf-8")
                for _ in range(2):
                    evaluator._looked_at = 0.0
                    work(evaluator)
            field.add(Arrival(at, at, "m1", ("odd",)))
            work(evaluator)
    query = "SELECT rule, key FROM violation JOIN policy_text ON policy_text.id = text_id"
    assert engine.rows(field.config.database, query) == [("k-rule", '{"name":"odd"}')]


def _unavailable(_: object) -> None:
    raise StorageUnavailableError("disk full")


def test_a_text_that_could_not_be_stored_judges_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    field = Field(tmp_path, monkeypatch)
    write_rule(tmp_path / "rules", ('"a-rule"', '"k-rule"'), EVERYWHERE, name="k-rule")
    with closing(field.database), Evaluator(field.config) as evaluator:
        evaluator.begin(look_seconds=0)
        work(evaluator)
        write_rule(
            tmp_path / "rules", ('"a-rule"', '"k-rule"'), ("version = 2", "version = 3"),
            ("'bad'", "'odd'"), ('{ name = "bad" }', '{ name = "odd" }'), EVERYWHERE,
            name="k-rule",
        )  # fmt: skip
        with monkeypatch.context() as broken:
            broken.setattr(evaluator._take_up._store, "take_up", _unavailable)
            for _ in range(2):
                evaluator._take_up.is_due(field.now)
            with pytest.raises(StorageUnavailableError):
                evaluator._take(field.now)
        field.add(Arrival(field.now, field.now, "m1", ("bad",)))
        evaluator._rounds.run(
            evaluator._tasks.of_reports([1], evaluator._take_up.judged, evaluator._take_up.epoch)
        )
    query = "SELECT key FROM violation JOIN policy_text ON policy_text.id = text_id"
    assert ('{"name":"bad"}',) in engine.rows(
        field.config.database, f"{query} WHERE rule = 'k-rule'"
    )
