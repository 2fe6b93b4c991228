"""The whole hours and days at which rules with `reloj` judge a server anew.

An evaluator that was off for long does not replay each of them. A silent server is unknown to most
rules, whatever the hour: they are at their last hour at once. For rules whose verdict may change
with the hour alone, the newest hours and days are judged, and those before are left out and told.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from service import times
from service.policies.evaluator.in_force import RuleInForce
from service.policies.rules.rule import Clock, InSilence, Scope
from service.store.engines import MAX_INTEGER
from service.store.verdict_rows import Bound, Cursor, day_bound, hour_bound
from service.times import DAY, HOUR

_LOG = logging.getLogger(__name__)

Rules = Mapping[str, RuleInForce]

MOST_REPLAYED = 7 * 24  # by an evaluator that was off


class Clocks:
    """Says once of each period that it is left out.

    most_replayed: hours, or days, without another event of the server between.
    """

    def __init__(self, most_replayed: int = MOST_REPLAYED) -> None:
        self._most_replayed = most_replayed
        self._told: set[tuple[str, int]] = set()

    def next(
        self, cursor: Cursor, rules: Rules, until: int, *, in_silence: bool
    ) -> tuple[Bound, frozenset[str]] | None:
        """The first hour or day until then that is to be judged, and the rules that judge at it.

        It moves the cursor there. No rules: it is only to be stored that the server is so far.
        """
        hour_at = self._next_of(cursor, rules, Clock.HORA, until, in_silence=in_silence)
        day_at = self._next_of(cursor, rules, Clock.DIA, until, in_silence=in_silence)
        first = min(hour_at, day_at)
        if first > until:
            return None
        if first == day_at:
            bound, cursor.day_at, clock = day_bound(first), first, Clock.DIA
        else:
            bound, cursor.hour_at, clock = hour_bound(first), first, Clock.HORA
        only = frozenset(
            rule.id
            for rule in rules.values()
            if rule.rule.clock is clock
            and rule.taken_up_at < first
            and (not in_silence or _may_change_in_silence(rule))
        )
        return bound, only

    def _next_of(
        self, cursor: Cursor, rules: Rules, clock: Clock, until: int, *, in_silence: bool
    ) -> int:
        length, last = (HOUR, cursor.hour_at) if clock is Clock.HORA else (DAY, cursor.day_at)
        at = _next(last, length, asked_since(rules, clock))
        if at > until:
            return at
        newest = until // length * length
        if in_silence and not any(
            rule.rule.clock is clock and _may_change_in_silence(rule) for rule in rules.values()
        ):
            return newest
        first = max(at, newest - (self._most_replayed - 1) * length)
        if first > at:
            self._tell(clock, first)
        return first

    def _tell(self, clock: Clock, first: int) -> None:
        if (clock, first) not in self._told:
            self._told.add((clock, first))
            _LOG.warning(
                'evaluator: rules with reloj = "%s" begin at %s again on servers judged last long'
                " before; what lies between is left out",
                clock,
                times.to_text(first),
            )


def _may_change_in_silence(rule: RuleInForce) -> bool:
    """Whether the hour alone can change what the rule says of a silent server."""
    return rule.rule.in_silence is InSilence.EVALUA or rule.rule.applies.query is not None


def asked_since(rules: Rules, clock: Clock) -> int | None:
    """Since when rules about one server are judged at whole hours or days; null if none is."""
    since: int | None = None
    for made in rules.values():
        is_asked = made.rule.clock is clock and made.rule.scope is Scope.SERVIDOR
        if is_asked and (since is None or made.taken_up_at < since):
            since = made.taken_up_at
    return since


def last_of(until: int, length: int, rules: Rules, clock: Clock) -> int:
    """The last whole hour or day that a rule asks for; 0 if there was none yet."""
    since, last = asked_since(rules, clock), until // length * length
    return 0 if since is None or since >= last else last


def _next(last: int | None, length: int, asked_since: int | None) -> int:
    """The whole hour or day to judge next; never, if no rule asks for it."""
    if asked_since is None:
        return MAX_INTEGER
    return max(last or 0, asked_since // length * length) + length
