"""Logs where a rule cannot be judged for a reason of its own, as that begins and as it ends."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from service.policies.guard.verdict import Reason
from service.store.rule_state import RuleState
from service.store.verdict_rows import Span

_LOG = logging.getLogger(__name__)

_MOST_LINES = 10  # of a round
_WORDS = {Reason.LIMITE: "passes its limits", Reason.REGLA_ROTA: "breaks"}


def troubles(states: Iterable[RuleState]) -> list[str]:
    """What begins and ends in these states, before they are stored: a line for each."""
    return [
        _line(state.rule, row)
        for state in states
        for row in state.written
        if isinstance(row, Span)
        and row.reason in _WORDS
        and (row.number is None or row.until is not None)
    ]


def log(lines: list[str]) -> None:
    """Logs the first of them, and how many more there are."""
    for line in lines[:_MOST_LINES]:
        _LOG.warning("evaluator: %s", line)
    if len(lines) > _MOST_LINES:
        _LOG.warning("evaluator: %d more lines like these", len(lines) - _MOST_LINES)


def _line(rule: str, span: Span) -> str:
    words = f"{_WORDS[Reason(span.reason)]} on server {span.server_id}"
    if span.until is not None:
        return f"{rule} no longer {words}"
    return f"{rule} {words}, and is unknown there: {span.detail!r}"
