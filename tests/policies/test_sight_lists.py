"""Verdicts follow the lists, whether the text of a rule says that they decide it or not."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

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
