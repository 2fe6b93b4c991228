"""Judges the rules about the fleet, at whole ticks of the clock."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence

from service.policies.evaluator.fleet_bounds import Tick
from service.policies.evaluator.fleet_judge import (
    HEARD_WITHIN,
    FleetJudge,
    FleetVerdicts,
    tick_event,
)
from service.policies.evaluator.hearing import Hearing
from service.policies.evaluator.in_force import RuleInForce
from service.policies.evaluator.task import as_server
from service.policies.evaluator.verdict_writer import VerdictWriter
from service.policies.guard.verdict import Verdict
from service.policies.machine.events import Ended, Fin
from service.policies.machine.machine import changes_nothing, step
from service.store.engines import Connection, Database
from service.store.read.retirements import RetirementReader, retirement_bound
from service.store.read.tags import TagReader
from service.store.read.unjudged import UNDER_WAY, JudgedServer, NewestRecord, UnjudgedReader
from service.store.verdict_rows import Bound, tick_bound
from service.store.write.verdicts import States, VerdictStore
from service.times import MINUTE, SECOND

_REST = 10  # a tick takes at most one such part of the time
_STORING = MINUTE  # a retirement waits for the audit log's disk and for other writers


class FleetTicks:
    """The ticks of an evaluator that runs."""

    def __init__(  # noqa: PLR0913, PLR0917 — each is passed in
        self,
        database: Database,
        reader: UnjudgedReader,
        judge: FleetJudge,
        store: VerdictStore,
        writer: VerdictWriter,
        hearing: Hearing,
        tags: TagReader,
        retirements: RetirementReader,
        seconds: int,
    ) -> None:
        self._database, self._reader, self._judge = database, reader, judge
        self._store, self._hearing, self._writer = store, hearing, writer
        self._tags, self._retirements = tags, retirements
        self._cadence = seconds * SECOND
        self._formerly: dict[str, str] = {}
        self._has_new_texts = False  # on which silent servers were not judged yet
        # The newest report, the silent servers, the last change of tags and the last retirement at
        # the last tick.
        self._newest: tuple[int, frozenset[int], int, int] | None = None
        self._looked_at = 0  # the last tick that was found to be due or not
        self._settled_at = 0  # the last moment of which all that rules about the fleet say is known
        self._taken_up: dict[str, int] = {}  # when each text was
        self._tick: Tick | None = None  # the last
        self._not_before = 0.0  # of time.monotonic()

    def use(self, rules: Mapping[str, RuleInForce]) -> None:
        """Replaces the rules, which are judged at the next tick. The guard has them loaded."""
        self._judge.use(rules)
        terms = self._judge.terms.values()
        self._formerly = {of_rule.rule: of_rule.formerly for of_rule in terms if of_rule.formerly}
        self._taken_up = {rule: rules[rule].taken_up_at for rule in self._judge.terms}
        self._has_new_texts = True
        self._newest = None
        self._looked_at = 0
        with self._database.snapshot() as connection:
            last = self._store.fleet_tick(connection) or 0
        first = max(self._taken_up.values(), default=0)
        self._settled_at = max(self._settled_at, last, first - 1)

    @property
    def next_at(self) -> int | None:
        """The first tick that was not looked at; null while no rule is about the fleet."""
        if not self._judge.terms:
            return None
        return self._settled_at - self._settled_at % self._cadence + self._cadence

    def run_if_due(self, now: int) -> bool:
        """Judges the tick before now, if a report, a silence, a tag or a retirement came since.

        Whether it did. A text judges ticks after it was taken up. Silence is that of the tick,
        whether the rules about one server have judged it already or not.
        """
        at = now - UNDER_WAY
        at -= at % self._cadence
        if not self._judge.terms or time.monotonic() < self._not_before:
            return False
        if at < max(self._taken_up.values()) <= now:
            return False
        with self._database.snapshot() as connection:
            last = self._store.fleet_tick(connection)
            if (last is not None and at <= last) or at == self._looked_at:
                return False
            report = self._reader.newest_report(connection, at)
            last_tag = self._tags.last_id(connection, at)
            retired = self._retirements.times(connection, at)
            # Also what changes no verdict: the silence of a server that had left the fleet before.
            is_unjudged = self._reader.is_fleet_unjudged(connection, at)
            self._hearing.look(connection)
            heard_since = at - HEARD_WITHIN
            records = [
                record
                for record in self._reader.fleet(connection, heard_since, at)
                if record.received_at >= heard_since
            ]
            here = {record.server_id for record in records}
            # The first since the last tick: a server may be back, and be retired once more. One
            # of before that tick may have been stored after it; to end it twice changes nothing.
            leaving = {
                left.server_id: left.at
                for left in reversed(retired)
                if left.at > (last or 0)
                or (left.at > (last or 0) - _STORING and left.server_id not in here)
            }
            gone: list[NewestRecord] = []  # silent for longer
            if self._has_new_texts:
                everyone = self._reader.fleet(connection, 0, at)
                gone = [record for record in everyone if record.server_id not in here]
            tick = Tick(at, last or 0, {r.server_id: r for r in (*records, *gone)}, report)
            if last is not None and (self._tick is None or self._tick.at != last):
                self._tick = self._stored_tick(connection, last)
            servers = {
                record.server_id: self._server(connection, record) for record in (*records, *gone)
            }
            left_by = [
                (self._reader.server(connection, server_id), retirement_bound(left_at))
                for server_id, left_at in leaving.items()
            ]
        silent = {
            server.id
            for server in servers.values()
            if self._hearing.is_silent(server.heard_at, server.usual_interval, at)
        }
        newest = (
            report.report_id,
            frozenset(silent.intersection(record.server_id for record in records)),
            last_tag,
            max((left.at for left in retired), default=0),
        )
        if newest == self._newest and not is_unjudged:
            self._looked_at = self._settled_at = at
            return False
        began = time.monotonic()
        try:
            self._judge_tick(tick, records, gone, servers, silent, left_by)
        finally:
            self._not_before = began + _REST * (time.monotonic() - began)
        self._tick = tick
        self._has_new_texts = False
        self._newest = newest
        self._looked_at = self._settled_at = at
        return True

    def _stored_tick(self, connection: Connection, at: int) -> Tick:
        """The last tick, which another evaluator judged."""
        return Tick(
            at,
            self._store.previous_fleet_tick(connection),
            {record.server_id: record for record in self._reader.fleet(connection, 0, at)},
            self._reader.newest_report(connection, at),
        )

    def _server(self, connection: Connection, record: NewestRecord) -> JudgedServer:
        """The server as it was at the tick, whatever it has sent since."""
        server = self._reader.server(connection, record.server_id)
        if server.heard_at == record.received_at:
            return server
        interval = self._reader.usual_interval(connection, server.id, record.seq)
        return server._replace(heard_at=record.received_at, usual_interval=interval)

    def _judge_tick(  # noqa: PLR0913, PLR0917 — all that is known at a tick
        self,
        tick: Tick,
        records: Sequence[NewestRecord],
        gone: Sequence[NewestRecord],
        servers: Mapping[int, JudgedServer],
        silent: Collection[int],
        left_by: Sequence[tuple[JudgedServer, Bound]],
    ) -> None:
        """left_by: servers that were retired since the last tick, and when."""
        leaving = {server.id for server, _ in left_by}
        verdicts = self._judge.verdicts(tick.at, records, silent)
        with self._database.snapshot() as connection:
            unchanged = self._unchanged(connection, verdicts, servers.keys() - leaving)
            changing = [
                server_id
                for server_id in servers
                if any((server_id, rule) not in unchanged for rule in self._judge.terms)
            ]
            states = self._store.load(connection, [*changing, *leaving], self._formerly, unchanged)
        self._name_last(states)
        for left, bound in left_by:
            for rule in self._judge.terms:
                step(states[left.id, rule], as_server(left), None, Ended(bound, Fin.RETIRADO))
        away = {record.server_id for record in gone}
        continued = self._continued(states, silent, away) if self._has_new_texts else set()
        as_if_heard: FleetVerdicts = {}
        if continued:
            as_if_heard = self._judge.verdicts(tick.at, [*records, *gone], set())
        for record in (*records, *gone):
            server = servers[record.server_id]
            for rule, terms in self._judge.terms.items():
                is_silent = (server.id, rule) in continued
                found = (as_if_heard if is_silent else verdicts)[rule]
                verdict = found if isinstance(found, Verdict) else found.get(server.id)
                if (
                    verdict is None
                    or (server.id in away and not is_silent)
                    or (server.id, rule) in unchanged
                ):
                    continue
                gap = self._hearing.limit(server.usual_interval)
                taken_up_at = self._taken_up[rule]
                event = tick_event(tick, record, verdict, gap, taken_up_at, is_silent=is_silent)
                step(states[server.id, rule], as_server(server), terms, event)
        self._writer.save(states, fleet_tick=tick.at)

    def _name_last(self, states: States) -> None:
        """Names the last verdicts as they were named at the last tick."""
        if self._tick is None:
            return
        plain = tick_bound(self._tick.at)
        for state in states:
            if state.rule in self._judge.terms and state.last == plain:
                state.last, _ = self._tick.bound(state.server_id, self._taken_up[state.rule])

    def _unchanged(
        self, connection: Connection, verdicts: FleetVerdicts, servers: Collection[int]
    ) -> set[tuple[int, str]]:
        """The servers and rules of which nothing has to be stored, nor loaded."""
        if self._has_new_texts:
            return set()
        standings = self._store.standings(connection, servers)
        return {
            (server_id, rule)
            for rule, terms in self._judge.terms.items()
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
            for rule, terms in self._judge.terms.items()
            if (server_id in away or not terms.evaluates_in_silence)
            and (
                (judgement := states[server_id, rule].judgement) is None
                or judgement.text_id != terms.text_id
            )
        }
