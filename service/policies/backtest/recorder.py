"""What a back-test found of a rule on a server: violations, spans, and time by verdict."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from service.policies.backtest.history import Period
from service.policies.guard.verdict import Reason, State, Verdict
from service.policies.machine.events import Ended, Event, Fin, Late, Server, Terms
from service.policies.machine.machine import step
from service.store.rule_state import LateSighting, RelapseGap, RuleState
from service.store.verdict_rows import Bound, Judgement, Span, Violation

Said = tuple[State, str | None]  # a verdict, and the reason of an unknown one

_BROKEN = {Reason.REGLA_ROTA, Reason.LIMITE}


class UnsettledError(Exception):
    """Reports were passed over too early: the server is to be replayed report by report."""


@dataclass(slots=True)
class Found:
    """All rows that the evaluator would have written of a rule on a server, in memory.

    says: the last verdict. time: microseconds of the period by verdict. broken: how often the rule
    could not be judged.
    """

    state: RuleState
    violations: list[Violation] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    judgements: list[Judgement] = field(default_factory=list)
    sightings: list[LateSighting] = field(default_factory=list)
    gaps: list[RelapseGap] = field(default_factory=list)
    says: Said | None = None
    time: Counter[Said] = field(default_factory=Counter)
    judged: int = 0
    broken: int = 0

    def seen(self, violation: Violation) -> Bound | None:
        """`vista`: the last yes."""
        return violation.seen or self.state.last


class Recorder:
    """Steps the machine of violations for one rule on one server, and keeps what it writes."""

    def __init__(self, server: Server, terms: Terms, period: Period) -> None:
        self._server, self._terms, self._period = server, terms, period
        self.found = Found(RuleState(server.id, terms.rule))
        self._since = 0
        self.is_settled = False  # the last verdict changed nothing
        self._is_broken = False

    def take(self, event: Event, verdict: Verdict) -> None:
        step(self.found.state, self._server, self._terms, event)
        self.is_settled = not self.found.state.is_changed
        self._keep()
        found = self.found
        found.judged += 1
        self._is_broken = verdict.reason in _BROKEN
        found.broken += self._is_broken
        if not isinstance(event, Late):
            self._count_until(event.bound.received_at)
            self.found.says = _said(verdict)

    def pass_over(self, bound: Bound, reports: int) -> None:
        """So many reports that say the same as the one before, up to this one.

        Raises UnsettledError where that would change something.
        """
        if not self.is_settled:
            raise UnsettledError
        self.repeat(bound, reports)

    def repeat(self, bound: Bound, reports: int = 1) -> None:
        """Reports that change nothing, since the one before said the same and is settled."""
        self.found.state.last = bound
        self.found.judged += reports
        self.found.broken += reports * self._is_broken

    def leave(self, bound: Bound) -> None:
        """The server is retired."""
        step(self.found.state, self._server, None, Ended(bound, Fin.RETIRADO))
        self._keep()
        self._count_until(bound.received_at)
        self.found.says = State.NO_APLICA, None

    def leave_out(self, bound: Bound) -> None:
        """An event at which the rule would say the same again, and was not asked.

        An hour, a day, or a silence that only places tell of.
        """
        if (bound.mark or "").startswith((f"{self._terms.clock} ", "silencio ")):
            self.found.state.last = bound

    def end(self, at: int) -> Found:
        """What was found, until then."""
        self._count_until(at)
        return self.found

    def _count_until(self, at: int) -> None:
        until = min(at, self._period.until)
        since = max(self._since, self._period.since)
        says = self.found.says
        if says is not None and until > since:
            self.found.time[says] += until - since
        self._since = max(self._since, at)

    def _keep(self) -> None:
        """As VerdictStore.save(), but to memory; what ended stays known, for late reports."""
        found, state = self.found, self.found.state
        if not state.is_changed:
            return
        for row in state.written:
            if row.number is not None:
                continue
            if isinstance(row, Violation):
                row.number = len(found.violations)
                found.violations.append(row)
            elif isinstance(row, Span):
                row.number = len(found.spans)
                found.spans.append(row)
            else:
                row.number = len(found.judgements)
                found.judgements.append(row)
        found.sightings += state.sightings
        found.gaps += state.gaps
        state.written, state.sightings, state.gaps, state.transitions = [], [], [], []


def _said(verdict: Verdict) -> Said:
    reason = verdict.reason if verdict.state is State.DESCONOCIDO else None
    return verdict.state, None if reason is None else str(reason)
