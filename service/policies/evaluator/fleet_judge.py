"""Judges the rules about the fleet at one tick. Evaluator and back-test do the same."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from service import times
from service.errors import GuardEndedError
from service.policies.evaluator.fleet_bounds import Tick
from service.policies.evaluator.in_force import RuleInForce
from service.policies.guard.guard import Guard
from service.policies.guard.verdict import Reason, State, Verdict
from service.policies.machine.events import Judged, Terms
from service.policies.rules.rule import Scope
from service.store.engines.image import ImageBuilder
from service.store.read.current import copy_server
from service.store.read.tags import TagReader, Told
from service.store.read.unjudged import NewestRecord
from service.times import DAY

HEARD_WITHIN = 7 * DAY  # peers that are silent for longer change no verdict

# Of each rule, by server; one for all where the rule ended the guard's process.
FleetVerdicts = dict[str, dict[int, Verdict] | Verdict]


class FleetJudge:
    """builder: its image is of its own, since an image keeps the size of the largest."""

    def __init__(self, queries: Mapping[str, str], guard: Guard, builder: ImageBuilder) -> None:
        self._queries, self._guard, self._builder = queries, guard, builder
        self._tags = TagReader(queries)
        self.terms: dict[str, Terms] = {}
        self._with_first_sight = False

    def use(self, rules: Mapping[str, RuleInForce]) -> None:
        """Replaces the rules. The guard has them loaded."""
        found = [rule for rule in rules.values() if rule.rule.scope is Scope.FLOTA]
        self.terms = {rule.id: Terms.of(rule.rule, rule.text_id, rule.hash) for rule in found}
        self._with_first_sight = any(rule.reads_first_sight for rule in found)

    def verdicts(
        self, at: int, records: Sequence[NewestRecord], silent: Collection[int]
    ) -> FleetVerdicts:
        """at: the tick, microseconds. records: of each server. silent: the servers that are."""
        with self._builder.filled() as image:
            for record in records:
                copy_server(
                    image,
                    self._queries,
                    record.server_id,
                    record.seq,
                    is_silent=record.server_id in silent,
                    with_first_sight=self._with_first_sight,
                    tags=self._tags.of_server(image, record.server_id, Told(told_until=at)),
                )
        try:
            self._guard.open(self._builder.image())
            return self._guard.judge_fleet(times.to_text(at), list(self.terms))
        except GuardEndedError as error:  # the fleet has more rows than the process may hold
            return dict.fromkeys(self.terms, Verdict(State.DESCONOCIDO, Reason.LIMITE, str(error)))


def tick_event(  # noqa: PLR0913 — all that a tick says of a server
    tick: Tick,
    record: NewestRecord,
    verdict: Verdict,
    longest_gap: int,
    taken_up_at: int = 0,
    *,
    is_silent: bool = False,
) -> Judged:
    """A record that was judged at the tick before counts no more. taken_up_at: of the text."""
    return Judged(
        *tick.bound(record.server_id, taken_up_at),
        verdict,
        record.placed_at if record.received_at > tick.previous_at else None,
        longest_gap,
        is_silent=is_silent,
    )
