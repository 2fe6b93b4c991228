"""Late reports: they move no bound and end nothing, and what they alone saw is kept."""

from __future__ import annotations

from collections.abc import Iterator

from service.policies.guard.evidence import Finding
from service.policies.guard.verdict import State
from service.policies.machine.events import Fin, Late, Server, Terms
from service.policies.machine.opening import MOST_OPEN, OWN, REST, Opening, key_text, new_violation
from service.store.rule_state import LateSighting, RuleState, Transition
from service.store.verdict_rows import Violation


def judge(state: RuleState, server: Server, terms: Terms, event: Late) -> None:
    """A yes where nothing was open is a violation of its own; any other is listed.

    The state must hold what was open at the place of the report. A text says nothing of a time
    before it judged the server.
    """
    judgement = state.judgement
    if (
        judgement is None
        or judgement.text_id != terms.text_id
        or event.bound.at < judgement.since.at
        or event.verdict.state is not State.FALLA
    ):
        return
    own = sum(
        violation.is_late and violation.kind == OWN and violation.opened_after == event.after
        for violation in _violations(state)
    )
    rest: list[Finding] = []
    listed: dict[bytes, Violation] = {}
    for finding in event.verdict.findings:
        key = key_text(terms, finding)
        found = _open_at(state, terms, key, event)
        if found is not None:
            listed[found.digest] = found
        elif own < MOST_OPEN:
            _add(state, event, new_violation(server, terms, finding, _opening(event, OWN, key)))
            own += 1
        else:
            rest.append(finding)
    if rest:  # between two reports, as many are one by one as are open at a time
        violation = new_violation(server, terms, rest[0], _opening(event, REST, "{}"))
        violation.total = len(rest)
        _add(state, event, violation)
    state.sightings += [LateSighting(found, event.bound) for found in listed.values()]


def _opening(event: Late, kind: str, key: str) -> Opening:
    return Opening(kind, key, event.digest, event.after, event.bound)


def _add(state: RuleState, event: Late, violation: Violation) -> None:
    violation.is_late = True
    violation.confirmed = violation.seen = event.bound
    violation.ended = event.until or event.bound
    violation.ended_as = Fin.RESUELTA
    violation.ended_known_at = event.bound.received_at
    state.known.append(violation)
    state.write(violation)
    state.transitions.append(Transition(violation, is_end=False))


def _open_at(state: RuleState, terms: Terms, key: str, event: Late) -> Violation | None:
    """What the late report is listed with: what was open, or what a late report saw before."""
    violations = [
        violation
        for violation in _violations(state)
        if violation.text_id == terms.text_id and (violation.kind != OWN or violation.key == key)
    ]
    at = event.bound.at
    for violation in sorted(violations, key=lambda found: found.kind != OWN):
        if violation.is_late:
            if violation.opened_after == event.after:
                return violation
        elif violation.opened_in.at <= at and (violation.ended is None or at < violation.ended.at):
            return violation
    return None


def _violations(state: RuleState) -> Iterator[Violation]:
    yield from state.open.values()
    yield from state.known
