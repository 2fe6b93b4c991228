"""Opens, confirms, resolves and ends the violations of a rule on a server."""

from __future__ import annotations

import json
from collections.abc import Sequence

from service.policies.guard.verdict import State
from service.policies.machine.events import Fin, Judged, Server, Terms
from service.policies.machine.opening import (
    MOST_OPEN,
    OWN,
    REST,
    UNSTABLE,
    Opening,
    key_text,
    new_violation,
)
from service.policies.rules.rule import Threshold
from service.store.rule_state import RelapseGap, RuleState, Transition
from service.store.verdict_rows import AGGREGATE, Bound, Violation
from service.times import HOUR, SECOND

UNSTABLE_FROM = 20  # openings within an hour
_CALM = Threshold(reports=None, seconds=3600)  # resolves what is unstable


class Keys:
    """One verdict, key by key."""

    def __init__(self, state: RuleState, server: Server, terms: Terms, event: Judged) -> None:
        self._state, self._server, self._terms, self._event = state, server, terms, event
        verdict = event.verdict
        found = verdict.findings if verdict.state is State.FALLA else ()
        self._yes = {key_text(terms, finding): finding for finding in found}
        # Without the facts that a pass needs, an absence tells nothing.
        self._tells_no = verdict.state is State.CUMPLE or verdict.detail is None

    def judge(self) -> None:
        """Takes a verdict that fails or passes."""
        last_no = self._last_no()
        for violation in list(self._state.open.values()):
            if violation.slot != AGGREGATE:
                self._take(violation, is_yes=violation.key in self._yes)
        new = [key for key in self._yes if key not in self._state.open]
        consumed = []
        own = len([slot for slot in self._state.open if slot != AGGREGATE])
        for key in list(new):
            former = self._former(OWN, key)
            if former is not None and own < MOST_OPEN:
                self._open(key, self._after(former, last_no), former)
                consumed.append(former)
                new.remove(key)
                own += 1
        new = self._open_own(new, own, last_no)
        former = self._take_aggregate(new, last_no)
        self._settle([*consumed, *([] if former is None else [former])])

    def continue_pending(self) -> None:
        """Continues what a change of the text ended, by the newest report of a silent server."""
        consumed = []
        for key in self._yes:
            former = self._former(OWN, key)
            if former is not None and len(self._state.open) < MOST_OPEN:
                opened = self._open(key, self._after(former, None), former)
                opened.seen = self._event.bound
                consumed.append(former)
        for former in consumed:
            self._forget(former)

    def _open_own(self, new: Sequence[str], own: int, last_no: Bound | None) -> list[str]:
        """Opens a violation for each key, as far as they may have their own. The others."""
        state, at = self._state, self._event.bound.at
        if AGGREGATE in state.open:
            return list(new)
        state.openings = [opened for opened in state.openings if opened > at - HOUR]
        for number, key in enumerate(new):
            if own >= MOST_OPEN or len(state.openings) >= UNSTABLE_FROM - 1:
                return list(new[number:])
            self._open(key, last_no, None)
            own += 1
            if last_no is not None:  # what failed from the start says nothing of how stable it is
                state.openings.append(at)
        return []

    def _take_aggregate(self, rest: Sequence[str], last_no: Bound | None) -> Violation | None:
        """Takes all keys that have no violation of their own. What their one continues."""
        state = self._state
        aggregate = state.open.get(AGGREGATE)
        if aggregate is not None:
            if rest and aggregate.total != len(rest):
                aggregate.total = len(rest)
                state.write(aggregate)
            self._take(aggregate, is_yes=bool(rest))
            return None
        if not rest:
            return None
        is_unstable = len(state.openings) >= UNSTABLE_FROM - 1
        kind = UNSTABLE if is_unstable else REST
        former = self._former(kind, "{}")
        after = last_no if former is None else self._after(former, last_no)
        self._open(rest[0], after, former, kind=kind, total=len(rest))
        return former

    def _open(
        self,
        key: str,
        after: Bound | None,
        former: Violation | None,
        *,
        kind: str = OWN,
        total: int | None = None,
    ) -> Violation:
        """Opens a violation, with the evidence of a key."""
        event, terms, finding = self._event, self._terms, self._yes[key]
        stored_key = key if kind == OWN else "{}"
        opening = Opening(kind, stored_key, event.digest, after, event.bound)
        violation = new_violation(self._server, terms, finding, opening)
        if total is not None:
            violation.total = total
        violation.yes_count, violation.yes_report_at = 1, event.report_at
        if former is not None:
            violation.continues = former.digest
            violation.case, violation.case_since_at = former.case, former.case_since_at
        was_confirmed = former is not None and former.confirmed is not None
        if was_confirmed or _is_reached(terms.confirm, 1, 0):
            _confirm(self._state, violation, event.bound)
        self._state.open[violation.slot] = violation
        self._state.write(violation)
        return violation

    def _take(self, violation: Violation, *, is_yes: bool) -> None:
        if is_yes:
            _say_yes(self._state, violation, self._terms, self._event)
        elif self._tells_no:
            _say_no(self._state, violation, self._terms, self._event)
        else:
            freeze(self._state, violation, self._event)

    def _last_no(self) -> Bound | None:
        """The last verdict that said no of every key that is not open."""
        judgement, last = self._state.judgement, self._state.last
        no = last if judgement is None or judgement.is_known else judgement.known
        return self._event.no_before(no, last)

    def _after(self, former: Violation, last_no: Bound | None) -> Bound | None:
        """The last no of the same text, for what continues a violation."""
        judgement = self._state.judgement
        is_of_it = (
            judgement is not None
            and former.text_id == judgement.text_id
            and former.opened_in.received_at >= judgement.since.received_at
        )
        return former.opened_after if is_of_it and former.cleared is None else last_no

    def _former(self, kind: str, key: str) -> Violation | None:
        """What the violation of a key continues; by the rule alone, where `clave` was another."""
        pending = self._state.pending
        for violation in pending:
            if (violation.kind, violation.key) == (kind, key):
                return violation
        others = [
            violation
            for violation in pending
            if kind == violation.kind == OWN
            and json.loads(violation.key).keys() != set(self._terms.key)
        ]
        return min(others, key=lambda found: (found.case_since_at, found.digest), default=None)

    def _settle(self, consumed: Sequence[Violation]) -> None:
        """Forgets what was continued, and, where the verdict tells of all keys, all the rest."""
        for former in list(self._state.pending) if self._tells_no else consumed:
            self._forget(former)

    def _forget(self, former: Violation) -> None:
        if former.is_pending:
            former.is_pending = False
            self._state.write(former)
        self._state.pending = [other for other in self._state.pending if other is not former]


def _say_yes(state: RuleState, violation: Violation, terms: Terms, event: Judged) -> None:
    cleared = violation.cleared
    is_relapse = cleared is not None
    if cleared is not None:
        state.gaps.append(RelapseGap(violation, violation.seen, cleared, event.bound))
    if violation.seen is not None:
        violation.seen = violation.cleared = None
        state.write(violation)
    if is_relapse:
        violation.relapses += 1
        violation.no_count, violation.no_time, violation.no_report_at = 0, 0, None
    if violation.confirmed is not None:
        return
    if is_relapse:  # the first of a run counts as one, whether it is a report or an event
        violation.yes_count, violation.yes_time = 1, 0
        violation.yes_report_at = event.report_at
    elif event.report_at is not None:
        violation.yes_count += 1
        violation.yes_time += _gap(violation.yes_report_at, event)
        violation.yes_report_at = event.report_at
        state.write(violation)
    if _is_reached(terms.confirm, violation.yes_count, violation.yes_time):
        _confirm(state, violation, event.bound)
        state.write(violation)


def _say_no(state: RuleState, violation: Violation, terms: Terms, event: Judged) -> None:
    if violation.cleared is None:
        bound, seen = event.bound, violation.seen or state.last
        since = violation.opened_in if seen is None or not terms.evaluates_in_silence else seen
        if bound.at < since.at:
            # The report that ends a silence was taken before it; it was heard when it arrived.
            bound = bound._replace(at=bound.received_at)
        violation.cleared = bound
        violation.seen = seen if terms.evaluates_in_silence else last_yes(state, violation, event)
        violation.no_count, violation.no_time = 1, 0
        violation.no_report_at = event.report_at
        violation.yes_report_at = None
    elif event.report_at is not None:
        violation.no_count += 1
        violation.no_time += _gap(violation.no_report_at, event)
        violation.no_report_at = event.report_at
    else:
        return
    state.write(violation)
    resolve = terms.resolve
    if violation.kind == UNSTABLE:
        resolve = max(resolve, _CALM, key=lambda threshold: threshold.seconds or 0)
    if _is_reached(resolve, violation.no_count, violation.no_time):
        violation.ended, violation.ended_as = violation.cleared, Fin.RESUELTA
        violation.ended_known_at = event.bound.received_at
        _leave(state, violation)


def last_yes(state: RuleState, violation: Violation, event: Judged) -> Bound | None:
    """The last yes before an event, as a bound that is not after it, likewise to the last no.

    A violation that an event opened was seen then.
    """
    yes, last, previous = violation.seen or state.last, state.last, event.previous
    if yes is None or previous is None or yes.at <= event.bound.at:
        return yes
    is_judged_anew = last is not None and last.report_id is None
    is_since = previous.at >= violation.opened_in.at
    return previous if is_judged_anew and is_since else violation.opened_in


def freeze(state: RuleState, violation: Violation, event: Judged) -> None:
    """The verdict says nothing of the violation: it neither counts nor resets."""
    if violation.seen is None:
        violation.seen = last_yes(state, violation, event)
        state.write(violation)
    # The report before the next one is this one, of which nothing is known.
    if event.report_at is not None and (violation.yes_report_at or violation.no_report_at):
        violation.yes_report_at = violation.no_report_at = None
        state.write(violation)


def end(state: RuleState, violation: Violation, bound: Bound, fin: Fin) -> None:
    """Ends a violation that nobody repaired: what fails next continues it."""
    violation.seen = violation.seen or state.last
    violation.ended, violation.ended_as = bound, fin
    violation.ended_known_at = bound.received_at
    violation.is_pending = True
    state.write(violation)
    state.pending.append(violation)
    _leave(state, violation)


def _confirm(state: RuleState, violation: Violation, bound: Bound) -> None:
    violation.confirmed = bound
    state.transitions.append(Transition(violation, is_end=False))


def _leave(state: RuleState, violation: Violation) -> None:
    """The violation has ended. Of one that was not confirmed nobody was told."""
    state.known.append(state.open.pop(violation.slot))
    if violation.confirmed is not None:
        state.transitions.append(Transition(violation, is_end=True))


def _gap(before: int | None, event: Judged) -> int:
    """The time that a report adds to a threshold."""
    if before is None or event.report_at is None:
        return 0
    gap = event.report_at - before
    return 0 if event.longest_gap is not None and gap > event.longest_gap else gap


def _is_reached(threshold: Threshold, count: int, time: int) -> bool:
    if threshold.reports is not None:
        return count >= threshold.reports
    return time >= (threshold.seconds or 0) * SECOND
