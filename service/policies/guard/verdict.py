"""The verdict of one rule on one server, from the rows that its statement gave.

The order of the answers is part of the product: the first that holds.

1. unknown: where the rule applies cannot be told (`aplica` breaks, passes its limit, lacks facts);
2. does not apply;
3. unknown: the rule breaks or passes its limit; the server is silent, or has just started; a fact
   of `requiere` is missing;
4. fails: a row; whatever is behind the rows that a rule may give;
5. unknown: a fact of `requiere_para_cumplir` is missing, or a row says that it cannot be told;
6. passes.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

from service.errors import StatementBrokenError, StatementLimitError, StatementRefusedError
from service.policies.guard.evidence import MAX_CELL, Finding, absence, findings
from service.policies.guard.judged_rule import JudgedRule
from service.policies.rules.relations import facts_read, reads_command_lines
from service.policies.rules.rule import Fact, InSilence, Semantics

Cell = str | int | float | None
Row = Mapping[str, Cell]


class State(StrEnum):
    CUMPLE = "cumple"
    FALLA = "falla"
    DESCONOCIDO = "desconocido"
    NO_APLICA = "no_aplica"


class Reason(StrEnum):
    """Why a verdict is unknown, or why the rule does not apply."""

    REGLA_ROTA = "regla_rota"
    LIMITE = "limite"
    SILENCIO = "silencio"
    ARRANCANDO = "arrancando"
    SIN_DATO = "sin_dato"
    INDETERMINADO = "indeterminado"  # a row with veredicto = 'desconocido'
    ETIQUETA = "etiqueta"
    SISTEMA = "sistema"
    CONSULTA = "consulta"


class Verdict(NamedTuple):
    """detail: the facts that are missing, the error, or what of `aplica` does not hold.

    A verdict that fails has a detail if it cannot tell whether other keys fail too.
    """

    state: State
    reason: Reason | None = None
    detail: str | None = None
    findings: tuple[Finding, ...] = ()
    total: int = 0  # rows


_PASSES = Verdict(State.CUMPLE)


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of a server beside the rows. running_for: seconds since its start, or null."""

    server: int
    is_silent: bool
    running_for: float | None
    facts: frozenset[Fact]
    tags: Mapping[str, str]
    system: str
    names_listed: Callable[[], int]

    def is_within(self, seconds: int) -> bool:
        """Whether the server started so lately.

        A start that lies far ahead is no reason to know nothing: a report could claim one.
        """
        return self.running_for is not None and abs(self.running_for) < seconds


def seconds_between(start: str | None, end: str) -> float | None:
    """How long the server had been running; null where its start is not known."""
    if start is None:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


# What a row of a statement may say in its column `veredicto`, beside that it cannot be told.
_SAID = {Semantics.FILA_ES_VIOLACION: State.FALLA, Semantics.FILA_ES_EXITO: State.CUMPLE}


class Answer(NamedTuple):
    """The rows of a statement. cut: null, or why there are more of them."""

    rows: Sequence[Row]
    cut: str | None = None


# Runs a statement; raises StatementRefusedError, StatementBrokenError, StatementLimitError.
Run = Callable[[str], Answer]


def judge(rule: JudgedRule, situation: Situation, run: Run) -> Verdict:
    """The verdict. run: over the rows of this server (those of the fleet that are its own)."""
    applies = _applicability(rule, situation, run)
    if applies is not None:
        return applies
    answer = _answer(rule, run, rule.sql, _SAID[rule.semantics])
    if isinstance(answer, Verdict):
        return answer
    return _unheard(rule, situation) or _judged(rule, situation, answer)


def _applicability(rule: JudgedRule, situation: Situation, run: Run) -> Verdict | None:
    """The verdict where the rule does not apply, or where that cannot be told; else null."""
    applies = rule.applies
    if applies.tag is not None and not has_tag(situation.tags, applies.tag):
        return Verdict(State.NO_APLICA, Reason.ETIQUETA, applies.tag)
    if applies.systems and not _is_system(situation.system, applies.systems):
        return Verdict(State.NO_APLICA, Reason.SISTEMA, situation.system)
    if applies.query is None:
        return None
    answer = _answer(rule, run, applies.query)
    if isinstance(answer, Verdict):
        return answer
    if any(row.get("servidor") == situation.server for row in answer.rows):
        return None
    return _without_row(rule, situation, answer)


def _without_row(rule: JudgedRule, situation: Situation, answer: Answer) -> Verdict:
    """The verdict where the statement of `aplica` does not name the server."""
    if answer.cut:
        return _over(answer.cut)
    missing = facts_read(rule.applies_reads) - situation.facts
    return _without(missing) if missing else Verdict(State.NO_APLICA, Reason.CONSULTA)


def _unheard(rule: JudgedRule, situation: Situation) -> Verdict | None:
    """The verdict where the report cannot tell whether the server fails; else null."""
    if situation.is_silent and rule.in_silence is InSilence.DESCONOCIDO:
        return Verdict(State.DESCONOCIDO, Reason.SILENCIO)
    if situation.is_within(rule.grace_after_boot):
        return Verdict(State.DESCONOCIDO, Reason.ARRANCANDO)
    missing = frozenset(rule.requires) - situation.facts
    return _without(missing) if missing else None


def _judged(rule: JudgedRule, situation: Situation, answer: Answer) -> Verdict:
    rows, cut = answer
    missing = frozenset(rule.requires_to_pass) - situation.facts
    if not rows and not cut and not missing and rule.semantics is Semantics.FILA_ES_VIOLACION:
        return _PASSES
    undecided = [row for row in rows if row.get("veredicto") == State.DESCONOCIDO]
    decided = [row for row in rows if row.get("veredicto") != State.DESCONOCIDO]
    tells = not cut or rule.semantics is Semantics.FILA_ES_VIOLACION
    found, total = _failures(rule, situation, decided, undecided) if tells else ((), 0)
    if found:
        # Whoever reports could have more rows than a rule may give, and hide behind that.
        untold = Reason.LIMITE if cut else _untold(missing, undecided)
        return Verdict(State.FALLA, None, untold, found, total)
    if cut:
        return _over(cut)
    if missing:
        return _without(missing)
    if undecided and not (rule.semantics is Semantics.FILA_ES_EXITO and decided):
        return Verdict(
            State.DESCONOCIDO,
            Reason.INDETERMINADO,
            findings=findings(rule, undecided),
            total=len(undecided),
        )
    return _PASSES


def _untold(missing: frozenset[Fact], undecided: Sequence[Row]) -> str | None:
    """Why a verdict that fails tells nothing of the keys that it does not name; else null."""
    if missing:
        return ", ".join(sorted(missing))
    return Reason.INDETERMINADO if undecided else None


def _failures(
    rule: JudgedRule, situation: Situation, decided: Sequence[Row], undecided: Sequence[Row]
) -> tuple[tuple[Finding, ...], int]:
    if rule.semantics is Semantics.FILA_ES_VIOLACION:
        return findings(rule, decided), len(decided)
    if decided or undecided:
        return (), 0
    return (absence(rule, situation.names_listed()),), 0


def _answer(rule: JudgedRule, run: Run, sql: str, said: State | None = None) -> Answer | Verdict:
    """The rows; or the verdict, where there are none. said: what a row may say of itself."""
    try:
        answer = run(sql)
    except StatementLimitError as error:
        return Verdict(State.DESCONOCIDO, Reason.LIMITE, _shown(rule, str(error)))
    except (StatementBrokenError, StatementRefusedError) as error:
        return Verdict(State.DESCONOCIDO, Reason.REGLA_ROTA, _shown(rule, str(error)))
    for row in answer.rows:
        if said and row.get("veredicto") not in (None, said, State.DESCONOCIDO):
            reason = f"expected {said} or desconocido in veredicto, got {row['veredicto']!r}"
            return Verdict(State.DESCONOCIDO, Reason.REGLA_ROTA, _shown(rule, reason))
    return answer


def _shown(rule: JudgedRule, error: str) -> str:
    """The error, as every reader may see it. It may quote a value, which may be a command line."""
    if reads_command_lines(rule.reads) or reads_command_lines(rule.applies_reads):
        words, *quoted = re.split("['\"]", error, maxsplit=1)
        error = f"{words}…" if quoted else words
    return error if len(error) <= MAX_CELL else f"{error[: MAX_CELL - 1]}…"


def _over(cut: str) -> Verdict:
    return Verdict(State.DESCONOCIDO, Reason.LIMITE, cut)


def _without(missing: frozenset[Fact]) -> Verdict:
    return Verdict(State.DESCONOCIDO, Reason.SIN_DATO, ", ".join(sorted(missing)))


def has_tag(tags: Mapping[str, str], wanted: str) -> bool:
    """wanted: `key=value`, or `key` for any value."""
    key, equals, value = wanted.partition("=")
    return key in tags and (not equals or tags[key] == value)


@lru_cache(1024)
def _is_system(system: str, patterns: tuple[str, ...]) -> bool:
    name = system.lower()
    return any(fnmatch.fnmatchcase(name, _only_stars(pattern.lower())) for pattern in patterns)


def _only_stars(pattern: str) -> str:
    """A pattern in which * alone is special, for fnmatch."""
    return pattern.replace("[", "[[]").replace("?", "[?]")


def verdict_as_json(verdict: Verdict) -> list[Any] | None:
    """As verdict_from_json() reads it: what a guard hands over. Null: it passes."""
    if verdict == _PASSES:
        return None
    return [*verdict[:3], [list(finding) for finding in verdict.findings], verdict.total]


def verdict_from_json(value: list[Any] | None) -> Verdict:
    if value is None:
        return _PASSES
    state, reason, detail, found, total = value
    return Verdict(
        State(state),
        None if reason is None else Reason(reason),
        detail,
        tuple(Finding.from_json(item) for item in found),
        int(total),
    )
