"""What SQLite says of a rule: whether it runs, what it gives and what it reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

from service.errors import StatementBrokenError, StatementLimitError, StatementRefusedError
from service.policies.guard.judged_rule import JudgedRule
from service.policies.rules.sql_text import Token, tokens
from service.store.engines.sandbox import Sandbox


class Inspection(NamedTuple):
    """What SQLite says of a rule: the columns of its statement, what it and that of `aplica` read.

    error: why it cannot run, or null. is_limit: whether that is for want of time or memory.
    """

    columns: tuple[str, ...] = ()
    reads: frozenset[tuple[str, str]] = frozenset()
    applies_columns: tuple[str, ...] = ()
    applies_reads: frozenset[tuple[str, str]] = frozenset()
    error: str | None = None
    is_limit: bool = False
    of_applies: bool = False  # the error

    def as_json(self) -> list[Any]:
        return [
            self.columns,
            sorted(self.reads),
            self.applies_columns,
            sorted(self.applies_reads),
            self.error,
            self.is_limit,
            self.of_applies,
        ]

    @classmethod
    def from_json(cls, value: list[Any]) -> Self:
        columns, reads, applies_columns, applies_reads, *error = value
        return cls(
            tuple(columns),
            frozenset(map(tuple, reads)),
            tuple(applies_columns),
            frozenset(map(tuple, applies_reads)),
            *error,
        )


def inspect(sandbox: Sandbox, rule: JudgedRule) -> Inspection:
    """What SQLite says of the rule's statements."""
    of_applies = True
    applies_columns: tuple[str, ...] = ()
    applies_reads: frozenset[tuple[str, str]] = frozenset()
    try:
        if rule.applies.query is not None:
            applies_columns, applies_reads = _described(sandbox, rule.applies.query)
        of_applies = False
        columns, reads = _described(sandbox, rule.sql)
    except StatementLimitError as error:
        return Inspection(error=str(error), is_limit=True, of_applies=of_applies)
    except (StatementBrokenError, StatementRefusedError) as error:
        return Inspection(error=str(error), of_applies=of_applies)
    return Inspection(columns, reads, applies_columns, applies_reads)


def _described(sandbox: Sandbox, sql: str) -> tuple[tuple[str, ...], frozenset[tuple[str, str]]]:
    found = sandbox.describe(sql, {"ahora": None})
    return found.columns, found.reads


def reads_now(*statements: str | None) -> bool:
    """Whether one of them reads `:ahora`."""
    return any(token.kind == "parameter" for sql in statements for token in tokens(sql or ""))


def reads_only_day(*statements: str | None) -> bool:
    """Whether the day is all that they read of `:ahora`, by date() or estado_soporte()."""
    return all(
        _is_of_day(found, at)
        for found in map(tokens, filter(None, statements))
        for at, token in enumerate(found)
        if token.kind == "parameter"
    )


def _is_of_day(found: Sequence[Token], at: int) -> bool:
    """Whether a parameter is the last value of a function that takes the day of it."""
    if at + 1 == len(found) or found[at + 1].text != ")":
        return False
    if found[at - 1].text == "(":
        return found[at - 2].name == "date"
    opened = 0
    for before in range(at - 1, 0, -1):
        opened += (found[before].text == "(") - (found[before].text == ")")
        if opened == 1:
            return found[at - 1].text == "," and found[before - 1].name == "estado_soporte"
    return False
