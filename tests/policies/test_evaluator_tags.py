"""Tags are events: the evaluator judges a server anew as soon as one is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service.policies.evaluator.evaluator import Evaluator
from service.times import HOUR, MINUTE, SECOND
from tests.support import engine
from tests.support.judged_field import START, Arrival, Field, Telling, work

VIOLATIONS = (
    "SELECT opened_in_report_id, opened_in_mark LIKE 'etiqueta %', ended_as, ended_at - ?,"
    " continues_digest IS NOT NULL, case_since_at - ? FROM violation"
    " JOIN policy_text ON policy_text.id = text_id WHERE rule = 't-rule' ORDER BY violation.id"
)
SPANS = (
    "SELECT state, reason, first_mark IS NULL FROM verdict_span"
    " JOIN policy_text ON policy_text.id = text_id WHERE rule = 't-rule' ORDER BY verdict_span.id"
)


class Tagged:
    """A server, and the rule t-rule, by which a program named bad fails in production."""

    def __init__(self, field: Field, evaluator: Evaluator) -> None:
        self._field, self._evaluator = field, evaluator

    def report(self, at: int, *names: str) -> None:
        self._at(at)
        self._field.add(Arrival(START + at, START + at, "m0", names))
        self.pass_until(at + 2 * SECOND)

    def tell(self, at: int, value: str | None) -> None:
        self._at(at)
        self._field.tell(Telling(START + at, "m0", value))
        self.pass_until(at + 2 * SECOND)

    def pass_until(self, at: int) -> None:
        self._at(at)
        work(self._evaluator)

    def _at(self, at: int) -> None:
        self._field.now = START + at

    def violations(self) -> engine.Rows:
        return engine.rows(self._field.config.database, VIOLATIONS, (START, START))

    def spans(self) -> engine.Rows:
        return engine.rows(self._field.config.database, SPANS)


@pytest.fixture
def tagged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tagged]:
    field = Field(tmp_path, monkeypatch, with_tags=True)
    with closing(field.database), Evaluator(field.config) as evaluator:
        evaluator.begin(look_seconds=0)
        made = Tagged(field, evaluator)
        made.report(MINUTE, "bad")
        yield made


def test_a_rule_applies_as_soon_as_the_tag_is_told(tagged: Tagged) -> None:
    assert tagged.spans() == [("no_aplica", "etiqueta", 1)]
    tagged.tell(2 * MINUTE, "produccion")
    assert tagged.violations() == [(None, 1, None, None, 0, 2 * MINUTE)]


def test_a_tag_that_is_removed_ends_what_was_open_and_back_continues_it(tagged: Tagged) -> None:
    tagged.tell(2 * MINUTE, "produccion")
    tagged.tell(3 * MINUTE, "pruebas")
    (ended,) = tagged.violations()
    assert ended[2:4] == ("dejo_de_aplicar", 3 * MINUTE)
    tagged.tell(4 * MINUTE, None)
    tagged.tell(5 * MINUTE, "produccion")
    _, again = tagged.violations()
    assert again == (None, 1, None, None, 1, 2 * MINUTE)  # nobody washes its first date


def test_tags_count_on_silent_servers_too(tagged: Tagged) -> None:
    tagged.tell(2 * MINUTE, "produccion")
    tagged.pass_until(HOUR)  # silent by then
    assert tagged.spans()[-1] == ("desconocido", "silencio", 0)
    tagged.tell(HOUR + MINUTE, "pruebas")
    assert [row[2] for row in tagged.violations()] == ["dejo_de_aplicar"]
    assert tagged.spans()[-1] == ("no_aplica", "etiqueta", 0)
    tagged.tell(HOUR + 2 * MINUTE, "produccion")
    assert len(tagged.violations()) == 1  # what it said last does not fail now
    assert tagged.spans()[-1] == ("desconocido", "silencio", 0)
    tagged.report(2 * HOUR, "bad")
    assert tagged.violations()[-1][4:] == (1, 2 * MINUTE)


def test_reports_are_judged_by_the_tags_that_were_told_before_them(tagged: Tagged) -> None:
    """An evaluator that was away judges each report as one that ran would have."""
    field = tagged._field
    for at, names in ((2 * MINUTE, ("bad",)), (3 * MINUTE, ("bad",)), (5 * MINUTE, ("bad",))):
        field.now = START + at
        field.add(Arrival(START + at, START + at, "m0", names))
        if at == 2 * MINUTE:
            field.now += SECOND
            field.tell(Telling(field.now, "m0", "produccion"))
        if at == 3 * MINUTE:
            field.now += MINUTE
            field.tell(Telling(field.now, "m0", None))
    tagged.pass_until(6 * MINUTE)
    (row,) = tagged.violations()
    assert row[2:4] == ("dejo_de_aplicar", 4 * MINUTE)
    assert row[5] == 2 * MINUTE + SECOND


def test_a_late_report_is_judged_by_the_tags_of_its_time(tagged: Tagged) -> None:
    tagged.report(10 * MINUTE)
    tagged.tell(20 * MINUTE, "produccion")
    tagged.report(25 * MINUTE)
    for taken_at in (5 * MINUTE, 22 * MINUTE):
        tagged._at(26 * MINUTE)
        tagged._field.add(Arrival(START + 26 * MINUTE, START + taken_at, "m0", ("bad",)))
        tagged.pass_until(26 * MINUTE + 2 * SECOND)
    assert [row[5] for row in tagged.violations()] == [22 * MINUTE]


def test_when_a_name_came_is_copied_where_a_tag_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    field = Field(tmp_path, monkeypatch)
    adjustments = Path(field.config.policies or "") / "ajustes.toml"
    text = adjustments.read_text(encoding="utf-8")
    text = text.replace("[programa-nuevo]\nactiva = false\n", "")
    adjustments.write_text(text, encoding="utf-8")
    with closing(field.database), Evaluator(field.config) as evaluator:
        evaluator.begin(look_seconds=0)
        frozen = Tagged(field, evaluator)
        frozen.report(MINUTE, "old")
        field.freeze("m0")
        frozen.report(2 * MINUTE, "old", "new-1")
    keys = engine.rows(
        field.config.database,
        "SELECT key FROM violation JOIN policy_text ON policy_text.id = text_id"
        " WHERE rule = 'programa-nuevo'",
    )
    assert keys == [('{"name":"new-#"}',)]
