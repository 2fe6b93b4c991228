"""Judges the rules about the fleet, at whole ticks of the clock."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence

from service import times
from service.errors import GuardEndedError
from service.policies.events import Judged, Terms
from service.policies.fleet_bounds import Tick
from service.policies.guard import Guard
from service.policies.hearing import Hearing
from service.policies.in_force import RuleInForce
from service.policies.machine import changes_nothing, step
from service.policies.rounds import as_server
from service.policies.rule import Scope
from service.policies.tasks import UNDER_WAY
from service.policies.verdict import Reason, State, Verdict
from service.policies.verdict_writer import VerdictWriter
from service.store.engines import Connection, Database
from service.store.engines.image import ImageBuilder
from service.store.read.current import copy_server
from service.store.read.unjudged import JudgedServer, NewestRecord, UnjudgedReader
from service.store.verdict_rows import tick_bound
from service.store.write.verdicts import States, VerdictStore
from service.times import DAY, SECOND

_HEARD_WITHIN = 7 * DAY  # peers that are silent for longer change no verdict
_REST = 10  # a tick takes at most one such part of the time

# Of each rule, by server; one for all where the rule ended the guard's process.
_Verdicts = dict[str, dict[int, Verdict] | Verdict]


class FleetTicks:
    """Its image is of its own, since an image keeps the size of the largest that was built."""

    def __init__(  # noqa: PLR0913, PLR0917 — each is passed in
        self,
        database: Database,
        queries: Mapping[str, str],
        guard: Guard,
        builder: ImageBuilder,
        store: VerdictStore,
        writer: VerdictWriter,
        hearing: Hearing,
        seconds: int,
    ) -> None:
        self._database, self._queries, self._guard = database, queries, guard
        self._builder, self._store, self._hearing = builder, store, hearing
        self._writer = writer
        self._reader = UnjudgedReader(queries)
        self._cadence = seconds * SECOND
        self._terms: dict[str, Terms] = {}
        self._formerly: dict[str, str] = {}
        self._with_first_sight = False
        self._has_new_texts = False  # on which silent servers were not judged yet
        # The newest report and silence at the last tick.
        self._newest: tuple[int, int] | None = None
        self._taken_up: dict[str, int] = {}  # when each text was
        self._tick: Tick | None = None  # the last
        self._not_before = 0.0  # of time.monotonic()

    def use(self, rules: Mapping[str, RuleInForce]) -> None:
        """Replaces the rules, which are judged at the next tick. The guard has them loaded."""
        found = [rule for rule in rules.values() if rule.rule.scope is Scope.FLOTA]
        self._terms = {rule.id: Terms.of(rule.rule, rule.text_id, rule.hash) for rule in found}
        self._formerly = {rule.id: rule.rule.formerly for rule in found if rule.rule.formerly}
        self._with_first_sight = any(rule.reads_first_sight for rule in found)
        self._taken_up = {rule.id: rule.taken_up_at for rule in found}
        self._has_new_texts = True
        self._newest = None

    def run_if_due(self, now: int) -> bool:
        """Judges the tick before now, if a report or a silence came since the last.

        Whether it did. A text judges ticks after it was taken up.
        """
        at = now - UNDER_WAY
        at -= at % self._cadence
        if not self._terms or time.monotonic() < self._not_before:
            return False
        if at < max(self._taken_up.values()) <= now:
            return False
        with self._database.snapshot() as connection:
            last = self._store.fleet_tick(connection)
            if last is not None and at <= last:
                return False
            report = self._reader.newest_report(connection, at)
            newest = report.report_id, self._reader.newest_silence(connection)
            if newest == self._newest:
                return False
            self._hearing.look(connection)
            records = self._reader.fleet(connection, at - _HEARD_WITHIN, at)
            gone: list[NewestRecord] = []  # silent for longer
            if self._has_new_texts:
                peers = {record.server_id for record in records}
                everyone = self._reader.fleet(connection, 0, at)
                gone = [record for record in everyone if record.server_id not in peers]
            tick = Tick(at, last or 0, {r.server_id: r for r in (*records, *gone)}, report)
            if last is not None and (self._tick is None or self._tick.at != last):
                self._tick = self._stored_tick(connection, last)
            servers = {
                record.server_id: self._reader.server(connection, record.server_id)
                for record in (*records, *gone)
            }
        began = time.monotonic()
        self._judge(tick, records, gone, servers)
        self._tick = tick
        self._has_new_texts = False
        self._newest = newest
        self._not_before = began + _REST * (time.monotonic() - began)
        return True

    def _stored_tick(self, connection: Connection, at: int) -> Tick:
        """The last tick, which another evaluator judged."""
        return Tick(
            at,
            self._store.previous_fleet_tick(connection),
            {record.server_id: record for record in self._reader.fleet(connection, 0, at)},
            self._reader.newest_report(connection, at),
        )

    def _judge(
        self,
        tick: Tick,
        records: Sequence[NewestRecord],
        gone: Sequence[NewestRecord],
        servers: Mapping[int, JudgedServer],
    ) -> None:
        at = tick.at
        silent = {
            server.id
            for server in servers.values()
            if self._hearing.is_silent(server.heard_at, server.usual_interval, at)
        }
        verdicts = self._verdicts(at, records, silent)
        with self._database.snapshot() as connection:
            unchanged = self._unchanged(connection, verdicts, servers)
            changing = [
                server_id
                for server_id in servers
                if any((server_id, rule) not in unchanged for rule in self._terms)
            ]
            states = self._store.load(connection, changing, self._formerly, unchanged)
        self._name_last(states)
        away = {record.server_id for record in gone}
        continued = self._continued(states, silent, away) if self._has_new_texts else set()
        as_if_heard: _Verdicts = {}
        if continued:
            as_if_heard = self._verdicts(at, [*records, *gone], set())
        for record in (*records, *gone):
            server = servers[record.server_id]
            for rule, terms in self._terms.items():
                is_silent = (server.id, rule) in continued
                found = (as_if_heard if is_silent else verdicts)[rule]
                verdict = found if isinstance(found, Verdict) else found.get(server.id)
                if (
                    verdict is None
                    or (server.id in away and not is_silent)
                    or (server.id, rule) in unchanged
                ):
                    continue
                event = Judged(
                    *tick.bound(server.id, self._taken_up[rule]),
                    verdict,
                    record.placed_at if record.received_at > tick.previous_at else None,
                    self._hearing.limit(server.usual_interval),
                    is_silent=is_silent,
                )
                step(states[server.id, rule], as_server(server), terms, event)
        self._writer.save(states, fleet_tick=at)

    def _name_last(self, states: States) -> None:
        """Names the last verdicts as they were named at the last tick."""
        if self._tick is None:
            return
        plain = tick_bound(self._tick.at)
        for state in states:
            if state.rule in self._terms and state.last == plain:
                state.last, _ = self._tick.bound(state.server_id, self._taken_up[state.rule])

    def _unchanged(
        self, connection: Connection, verdicts: _Verdicts, servers: Collection[int]
    ) -> set[tuple[int, str]]:
        """The servers and rules of which nothing has to be stored, nor loaded."""
        if self._has_new_texts:
            return set()
        standings = self._store.standings(connection, servers)
        return {
            (server_id, rule)
            for rule, terms in self._terms.items()
            if rule not in self._formerly
            for found in [verdicts[rule]]
            for server_id in servers
            if (verdict := found if isinstance(found, Verdict) else found.get(server_id))
            and changes_nothing(standings.get((server_id, rule)), terms, verdict)
        }

    def _continued(
        self, states: States, silent: Collection[int], away: Collection[int]
    ) -> set[tuple[int, str]]:
        """Where a new text judges what a silent server said last: it continues what was open."""
        return {
            (server_id, rule)
            for server_id in silent
            for rule, terms in self._terms.items()
            if (server_id in away or not terms.evaluates_in_silence)
            and (
                (judgement := states[server_id, rule].judgement) is None
                or judgement.text_id != terms.text_id
            )
        }

    def _verdicts(
        self, at: int, records: Sequence[NewestRecord], silent: Collection[int]
    ) -> _Verdicts:
        with self._builder.filled() as image:
            for record in records:
                copy_server(
                    image,
                    self._queries,
                    record.server_id,
                    record.seq,
                    is_silent=record.server_id in silent,
                    with_first_sight=self._with_first_sight,
                )
        try:
            self._guard.open(self._builder.image())
            return self._guard.judge_fleet(times.to_text(at), list(self._terms))
        except GuardEndedError as error:  # the fleet has more rows than the process may hold
            return dict.fromkeys(self._terms, Verdict(State.DESCONOCIDO, Reason.LIMITE, str(error)))
