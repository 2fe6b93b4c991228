"""The order of the answers: the first that holds. RULES of verdicts, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from service.errors import StatementBrokenError, StatementLimitError
from service.policies.guard.evidence import Row
from service.policies.guard.verdict import (
    Answer,
    Reason,
    Situation,
    State,
    Verdict,
    judge,
    verdict_as_json,
    verdict_from_json,
)
from service.policies.rules.rule import Applies, Fact, InSilence, Semantics
from tests.policies.ordinary import judged_rule

ROW = {"name": "bad"}
DOUBT = {"name": "odd", "veredicto": "desconocido"}
QUERY = "the query of aplica"


def verdict(
    rows: Sequence[Row] | Exception,
    applying: Sequence[Row] | Exception = ({"servidor": 1},),
    *,
    is_silent: bool = False,
    running_for: float | None = None,
    facts: Sequence[Fact] = (),
    tags: dict[str, str] | None = None,
    cut: str | None = None,
    **rule: Any,
) -> Verdict:
    def run(sql: str) -> Answer:
        answer = applying if sql == QUERY else rows
        if isinstance(answer, Exception):
            raise answer
        return Answer(answer, None if sql == QUERY else cut)

    situation = Situation(
        server=1,
        is_silent=is_silent,
        running_for=running_for,
        facts=frozenset(facts),
        tags=tags or {},
        system="Debian GNU/Linux",
        names_listed=lambda: 212,
    )
    return judge(judged_rule("the rule", **rule), situation, run)


def said(found: Verdict) -> tuple[State, Reason | None]:
    return found.state, found.reason


BROKEN = StatementBrokenError("no such column")
LIMIT = StatementLimitError("more time than it may use")
UNKNOWN = State.DESCONOCIDO
APPLIES = Applies(query=QUERY)
READS = frozenset({("procesos_vigentes", "pid")})

# From the first to the last; each case has what its own step needs and all that comes behind it.
LAST: dict[str, Any] = {"requires_to_pass": (Fact.NOMBRES,)}
REQUIRED = LAST | {"requires": (Fact.PPID,)}
STARTING = REQUIRED | {"running_for": 60.0, "grace_after_boot": 600}
SILENT = STARTING | {"is_silent": True}
ORDER = [
    ("aplica breaks", verdict(BROKEN, BROKEN, applies=APPLIES, **SILENT), UNKNOWN, "regla_rota"),
    ("aplica is slow", verdict(BROKEN, LIMIT, applies=APPLIES, **SILENT), UNKNOWN, "limite"),
    (
        "aplica lacks facts",
        verdict(BROKEN, (), applies=APPLIES, applies_reads=READS, **SILENT),
        UNKNOWN,
        "sin_dato",
    ),
    (
        "another tag",
        verdict(BROKEN, applies=Applies(tag="rol=web"), tags={"rol": "db"}, **SILENT),
        State.NO_APLICA,
        "etiqueta",
    ),
    (
        "another system",
        verdict(BROKEN, applies=Applies(systems=("Windows*", "macOS")), **SILENT),
        State.NO_APLICA,
        "sistema",
    ),
    ("no row of aplica", verdict(BROKEN, (), applies=APPLIES, **SILENT), "no_aplica", "consulta"),
    ("the rule breaks", verdict(BROKEN, **SILENT), UNKNOWN, "regla_rota"),
    ("the rule is slow", verdict(LIMIT, **SILENT), UNKNOWN, "limite"),
    ("silence", verdict([ROW], **SILENT), UNKNOWN, "silencio"),
    ("just started", verdict([ROW], **STARTING), UNKNOWN, "arrancando"),
    ("a fact that it requires", verdict([ROW], **REQUIRED), UNKNOWN, "sin_dato"),
    ("a row", verdict([ROW, DOUBT], **LAST), State.FALLA, None),
    ("a fact that passing requires", verdict([DOUBT], **LAST), UNKNOWN, "sin_dato"),
    ("a row in doubt", verdict([DOUBT]), UNKNOWN, "indeterminado"),
    ("no row", verdict([]), State.CUMPLE, None),
]


@pytest.mark.parametrize(
    ("found", "state", "reason"), [case[1:] for case in ORDER], ids=[case[0] for case in ORDER]
)
def test_the_first_answer_that_holds_is_the_verdict(
    found: Verdict, state: str, reason: str | None
) -> None:
    assert said(found) == (state, reason)


def test_rows_that_fail_are_certain_whatever_is_behind_them() -> None:
    """Whoever reports could hide what fails behind more of the same."""
    found = verdict([ROW, DOUBT], cut="more than 2 rows", **LAST)
    assert (found.state, found.total, found.detail) == (State.FALLA, 1, "limite")  # of other keys
    assert verdict([DOUBT], cut="more than 1 rows")[:3] == (UNKNOWN, "limite", "more than 1 rows")
    assert said(verdict([], cut="more than 9 characters in its rows")) == (UNKNOWN, "limite")
    for rows in ([], [ROW]):
        found = verdict(rows, cut="more than 1 rows", semantics=Semantics.FILA_ES_EXITO)
        assert said(found) == (UNKNOWN, "limite")


def test_what_is_missing_is_named() -> None:
    found = verdict([], requires_to_pass=(Fact.PPID, Fact.NOMBRES), facts=[Fact.PPID])
    assert found.detail == "nombres"


def test_a_row_means_success_in_osquerys_way() -> None:
    rule: dict[str, Any] = {
        "semantics": Semantics.FILA_ES_EXITO,
        "motives": {"es": "Ninguno de {nombres}."},
    }
    assert said(verdict([ROW], **rule)) == (State.CUMPLE, None)
    assert said(verdict([ROW, DOUBT], **rule)) == (State.CUMPLE, None)
    assert said(verdict([DOUBT], **rule)) == (UNKNOWN, Reason.INDETERMINADO)
    failed = verdict([], **rule)
    assert failed.state is State.FALLA
    (finding,) = failed.findings
    assert finding.evidence == ({"nombres": 212},)
    assert finding.motives == {"es": "Ninguno de 212."}


def test_a_rule_may_judge_a_silent_server() -> None:
    assert verdict([ROW], is_silent=True, in_silence=InSilence.EVALUA).state is State.FALLA


def test_grace_after_boot_ends() -> None:
    assert verdict([ROW], running_for=600.0, grace_after_boot=600).state is State.FALLA
    assert verdict([ROW], running_for=None, grace_after_boot=600).state is State.FALLA


def test_a_tag_may_have_any_value() -> None:
    assert verdict([], applies=Applies(tag="rol"), tags={"rol": "db"}).state is State.CUMPLE
    assert verdict([], applies=Applies(tag="rol")).state is State.NO_APLICA


def test_systems_are_matched_whatever_their_case() -> None:
    assert verdict([], applies=Applies(systems=("debian*",))).state is State.CUMPLE


def test_a_row_that_says_something_else_of_itself_breaks_the_rule() -> None:
    assert said(verdict([{"veredicto": "quizás"}])) == (UNKNOWN, Reason.REGLA_ROTA)


COMMAND_LINES = frozenset({("procesos_vigentes", "linea_comando")})


@pytest.mark.parametrize("member", ["reads", "applies_reads"])
@pytest.mark.parametrize(
    "rows",
    [
        [{"veredicto": "x --password x1y2"}],
        StatementBrokenError("hora_local: Invalid isoformat string: 'x --password x1y2'"),
        StatementBrokenError('en_red: "x --password \'x1y2" is no network'),
    ],
)
def test_an_error_that_every_reader_sees_quotes_no_command_line(
    rows: Sequence[Row] | Exception, member: str
) -> None:
    read: dict[str, Any] = {member: COMMAND_LINES}
    found = verdict(rows, **read)
    assert found.reason is Reason.REGLA_ROTA
    assert "x1y2" not in (found.detail or "")


def test_an_error_is_bounded() -> None:
    assert len(verdict([{"veredicto": "x" * 32768}]).detail or "") == 256


def test_verdicts_cross_to_another_process_unchanged() -> None:
    for found in (verdict([ROW], key=("name",), evidence=("name",)), verdict([DOUBT]), verdict([])):
        assert verdict_from_json(verdict_as_json(found)) == found


@pytest.mark.parametrize("grace", [0, 600])
def test_a_server_that_claims_to_start_in_the_future_fails_all_the_same(grace: int) -> None:
    found = verdict([ROW], running_for=-1e9, grace_after_boot=grace)
    assert found.state is State.FALLA


def test_a_start_that_the_clock_of_the_server_has_not_reached_yet_is_a_start() -> None:
    found = verdict([ROW], running_for=-1.5, grace_after_boot=600)
    assert said(found) == (UNKNOWN, Reason.ARRANCANDO)
