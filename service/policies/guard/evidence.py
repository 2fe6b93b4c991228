"""What a verdict shows of the rows: by the rule's `clave`, bounded, secrets masked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

from service.policies.guard.judged_rule import JudgedRule
from service.policies.guard.masking import mask
from service.policies.rules.placeholders import COMMAND_LINES, NAMES_LISTED, filled
from service.policies.rules.relations import reads_command_lines

Cell = str | int | float | None
Row = Mapping[str, Cell]

MAX_ROWS = 20
MAX_CELL = 256  # characters
MAX_COMMAND_LINE = 120

_IN_ORDER = json.JSONEncoder(sort_keys=True, ensure_ascii=False)


class Finding(NamedTuple):
    """The rows with one value of `clave`: what one violation shows.

    key: the values of the rule's `clave`, in its order. evidence: at most 20 rows of `evidencia`.
    rows: how many there are. motives: the text, by language.
    """

    key: tuple[Cell, ...]
    evidence: tuple[dict[str, Cell], ...]
    rows: int
    motives: dict[str, str]

    @classmethod
    def from_json(cls, value: list[Any]) -> Self:
        key, evidence, rows, motives = value
        return cls(tuple(key), tuple(evidence), int(rows), motives)


def findings(rule: JudgedRule, rows: Sequence[Row]) -> tuple[Finding, ...]:
    """The rows by the rule's `clave`, in its order; in one finding if that is empty."""
    if not rows:
        return ()
    by_key: dict[tuple[Cell, ...], list[Row]] = {}
    hides = reads_command_lines(rule.reads)
    for row in rows:
        key = tuple(_masked(row.get(column), hides=hides) for column in rule.key)
        by_key.setdefault(key, []).append(row)
    return tuple(
        _finding(rule, key, by_key[key], hides=hides) for key in sorted(by_key, key=_order)
    )


def absence(rule: JudgedRule, names_listed: int) -> Finding:
    """What shows that there is no row: how many names the report lists, none of which was it."""
    row: dict[str, Cell] = {NAMES_LISTED: names_listed}
    return Finding((), (row,), 0, _motives(rule.motives, row))


def _finding(
    rule: JudgedRule, key: tuple[Cell, ...], rows: Sequence[Row], *, hides: bool
) -> Finding:
    # The same rows give the same evidence, in whatever order SQLite found them.
    shown = sorted((_shown(row, hides=hides) for row in rows), key=_order)[:MAX_ROWS]
    evidence = tuple({column: row.get(column) for column in rule.evidence} for row in shown)
    return Finding(key, evidence, len(rows), _motives(rule.motives, shown[0]))


def _shown(row: Row, *, hides: bool) -> dict[str, Cell]:
    return {
        column: _bounded(
            _masked(value, hides=hides),
            MAX_COMMAND_LINE if column in COMMAND_LINES else MAX_CELL,
        )
        for column, value in row.items()
    }


def _masked(value: Cell, *, hides: bool) -> Cell:
    """A rule that reads command lines may have put them into any column."""
    return mask(value) if hides and isinstance(value, str) else value


def _bounded(value: Cell, length: int) -> Cell:
    if isinstance(value, str) and len(value) > length:
        return f"{value[: length - 1]}…"
    return value


def _motives(motives: Mapping[str, str], row: Row) -> dict[str, str]:
    def shown(name: str) -> str:
        value = row.get(name)
        return "?" if value is None else str(value)

    return {language: filled(text, shown) for language, text in motives.items()}


def _order(value: object) -> str:
    return _IN_ORDER.encode(value)
