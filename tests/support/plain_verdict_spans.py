"""The spans of unknown verdicts, computed as plainly as plain_violations.py does violations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from service.policies.guard.verdict import State
from service.policies.machine.events import Ended, Judged
from service.store.verdict_rows import Bound
from tests.support.plain_violations import Entry, segments


class FoundSpan(NamedTuple):
    text_id: int
    state: str
    reason: str
    after: Bound | None
    first: Bound
    last: Bound | None
    until: Bound | None


def spans(entries: Sequence[Entry]) -> list[FoundSpan]:
    """The times in which the verdict was unknown, or the rule did not apply."""
    found: list[FoundSpan] = []
    for part in segments(entries):
        states = [_state(event) for event in part.events]
        bounds = [event.bound for event in part.events]
        for at, state in enumerate(states):
            if state is None or (at and states[at - 1] == state):
                continue
            stop = at
            while stop < len(states) and states[stop] == state:
                stop += 1
            until = bounds[stop] if stop < len(states) else part.end and part.end[0]
            found.append(
                FoundSpan(
                    part.terms.text_id,
                    *state,
                    bounds[at - 1] if at else None,
                    bounds[at],
                    bounds[stop - 1] if until is not None else None,
                    until,
                )
            )
    return found


def _state(event: Judged | Ended) -> tuple[str, str] | None:
    if isinstance(event, Ended):
        return "no_aplica", "retirado"
    holds_in_silence = event.verdict.state is State.NO_APLICA or event.verdict.reason in (
        "regla_rota",
        "limite",
    )
    if event.is_silent and not holds_in_silence:
        return "desconocido", "silencio"
    if event.verdict.state in (State.DESCONOCIDO, State.NO_APLICA):
        return str(event.verdict.state), str(event.verdict.reason)
    return None
