"""What happens to a rule on a server, as the machine of violations takes it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, Self

from service.policies.guard.verdict import Verdict
from service.policies.rules.rule import Clock, InSilence, Rule, Scope, Threshold
from service.store.verdict_rows import Bound


class Fin(StrEnum):
    """How a violation ended. Only `resuelta` was repaired."""

    RESUELTA = "resuelta"
    REGLA_CAMBIADA = "regla_cambiada"
    REGLA_RETIRADA = "regla_retirada"
    DEJO_DE_APLICAR = "dejo_de_aplicar"
    RETIRADO = "retirado"  # the server


class Terms(NamedTuple):
    """What the machine needs of a text. grace_for_new: seconds."""

    rule: str
    text_id: int
    text_hash: str
    key: tuple[str, ...]
    confirm: Threshold = Threshold()
    resolve: Threshold = Threshold()
    grace_for_new: int = 0
    evaluates_in_silence: bool = False
    is_fleet: bool = False
    clock: Clock = Clock.NO
    formerly: str | None = None

    @classmethod
    def of(cls, rule: Rule, text_id: int, text_hash: str) -> Self:
        return cls(
            rule.id,
            text_id,
            text_hash,
            rule.key,
            rule.deadlines.confirm_after,
            rule.deadlines.resolve_after,
            rule.deadlines.grace_for_new,
            rule.in_silence is InSilence.EVALUA,
            rule.scope is Scope.FLOTA,
            rule.clock,
            rule.formerly,
        )


class Server(NamedTuple):
    """A server, as violations name it. first_at: the place of its first record."""

    id: int
    identity: str
    sibling: int
    first_at: int


class Judged(NamedTuple):
    """A verdict, of a report in order or of an event.

    digest: of the report's document, or event_digest() of the bound, in hex. report_at: the place
    of the report, if the rule had not judged it before; null for an event that judges a report
    again. longest_gap: microseconds; reports that lie further apart add nothing to a threshold of
    time.
    is_silent: a new text judged the newest report of a server that is silent: it continues what was
    open, and the verdict stays unknown. previous: the report in order before this one; null of an
    event, and of rules about the fleet.
    """

    bound: Bound
    digest: str
    verdict: Verdict
    report_at: int | None
    longest_gap: int | None = None
    is_silent: bool = False
    previous: Bound | None = None

    def no_before(self, no: Bound | None, last: Bound | None) -> Bound | None:
        """The last no, as a bound that is not after this report. last: the last event of all.

        A spool arrives after events that judged the report before it anew, and tells of a time
        before them: that report is the bound then. If others stand between, it is not known.
        """
        if no is None or self.previous is None or no.at <= self.bound.at:
            return no
        return self.previous if last is not None and last.report_id is None else None


class Late(NamedTuple):
    """A verdict of a late report, which stands between two reports in order.

    after: the one with the greatest place that is not after it. until: the next one. Null: none.
    """

    bound: Bound
    digest: str
    verdict: Verdict
    after: Bound | None
    until: Bound | None


class Ended(NamedTuple):
    """The rule or the server is retired: REGLA_RETIRADA or RETIRADO."""

    bound: Bound
    fin: Fin


Event = Judged | Late | Ended
