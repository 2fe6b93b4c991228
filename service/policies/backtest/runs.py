"""Builds what a back-test needs: a reader of the database, and a guard of its own."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from enum import Enum
from types import TracebackType
from typing import NamedTuple, Self

from service import times
from service.config import Config
from service.policies.backtest.every_report import EveryReport, Judge
from service.policies.backtest.fleet_replay import FleetReplay
from service.policies.backtest.history import Axis, Histories, Period
from service.policies.backtest.leaps import Leaps
from service.policies.backtest.replay import Replay, ServerFound
from service.policies.backtest.swept import SweptReports, looks_at_processes
from service.policies.evaluator.clock_events import Clocks, Rules
from service.policies.evaluator.fleet_judge import FleetJudge
from service.policies.evaluator.hearing import Hearing
from service.policies.evaluator.record_judge import RecordJudge
from service.policies.evaluator.task import Task
from service.policies.evaluator.timeline import Timeline
from service.policies.guard.guard import Guard
from service.policies.guard.verdict import Verdict
from service.policies.machine.alerts import Waived
from service.policies.rules.places import TABLES_SCRIPT
from service.store.engines import MAX_INTEGER, open_database
from service.store.engines.image import ImageBuilder
from service.store.queries import load_queries
from service.store.read.past import PastReader, PastServer
from service.store.read.retirements import RetirementReader
from service.store.read.silence import Silence
from service.store.read.tags import TagReader
from service.store.read.unjudged import UNDER_WAY, JudgedServer, UnjudgedReader
from service.store.read.waiver_history import WaiverHistory
from service.store.verdict_rows import Cursor
from service.store.write.verdicts import VerdictStore
from service.times import DAY

_SERVERS_AT_A_TIME = 200


_COLLECTED_AFTER = 50_000  # objects


class Way(Enum):
    """How much of each server is looked at: the changes of what rules read, all changes, or all."""

    LEAPS = "leaps"
    SWEEP = "sweep"
    COPIES = "copies"


class FleetRun(NamedTuple):
    """ticks: judges one after the other, and gives the time of each."""

    replay: FleetReplay
    ticks: Iterator[int]

    def found(self, servers: Sequence[PastServer]) -> Iterator[ServerFound]:
        """What was found so far, of these servers."""
        found = self.replay.found()
        for server in servers:
            yield ServerFound(server, found.get(server.id, {}))


class BackTest:
    """Use it in a with statement. It writes nothing, and takes no lock.

    Its methods raise StorageUnavailableError.
    """

    def __init__(self, config: Config) -> None:
        self._resources = ExitStack()
        self.cadence = config.fleet_every * times.SECOND  # of the evaluator
        self._queries = load_queries()
        self._database = self._resources.enter_context(closing(open_database(config.database)))
        self.guard = self._resources.enter_context(Guard())
        script = TABLES_SCRIPT.read_text(encoding="utf-8")
        self._builder = self._resources.enter_context(ImageBuilder(script, config.database))
        silence = Silence(config.silent_after * times.SECOND, config.silent_intervals)
        store, reader = VerdictStore(self._queries), UnjudgedReader(self._queries)
        self._tags = TagReader(self._queries)
        self._hearing = Hearing(self._database, reader, store, silence, config.alive)
        with self._database.snapshot() as connection:
            self._hearing.look(connection)

    def servers(self) -> list[PastServer]:
        """Every server with records."""
        with self._database.snapshot() as connection:
            return PastReader(self._queries).servers(connection)

    def period(self, since: int, until: int) -> Period:
        """A period that ends before anything that is still under way."""
        with self._database.snapshot() as connection:
            last_id = PastReader(self._queries).last_id(connection)
        return Period(since, min(until, times.now() - UNDER_WAY), last_id)

    def of_servers(
        self,
        rules: Rules,
        period: Period,
        axis: Axis,
        servers: Sequence[PastServer],
        *,
        way: Way = Way.LEAPS,
    ) -> Iterator[ServerFound]:
        """Replays rules about one server, which the guard has loaded, server by server.

        way: another one than the fastest, which is slow, and gives the same.
        """
        judge = RecordJudge(self._queries, self.guard, self._builder, sees=False)
        judge.use(rules)
        every_report = EveryReport(judge)
        sweep = SweptReports(
            self._queries,
            self.guard,
            every_report,
            looks_at_processes=any(map(looks_at_processes, rules.values())),
        )
        is_slow = way is Way.COPIES or any(rule.reads_first_sight for rule in rules.values())
        histories = Histories(
            self._queries, Timeline(self._hearing, Clocks(most_replayed=MAX_INTEGER // DAY)), axis
        )
        leaps = None
        if way is Way.LEAPS:
            leaps = self._leaps(rules, histories, sweep, len(servers))
        chosen: Judge = every_report if is_slow else sweep
        yield from Replay(self._database, histories, chosen, rules, period, leaps).run(servers)

    def _leaps(
        self, rules: Rules, histories: Histories, sweep: SweptReports, servers: int
    ) -> Leaps | None:
        """Null where a rule has to be judged at every report."""
        leaps = Leaps(self._queries, self.guard, self._hearing, histories, sweep)
        with self._database.snapshot() as connection:
            return leaps if leaps.look(connection, rules, servers) else None

    def of_fleet(self, rules: Rules, period: Period, axis: Axis, cadence: int) -> FleetRun:
        """Begins to replay rules about the fleet. cadence: microseconds between two ticks."""
        judge = FleetJudge(self._queries, self.guard, self._builder)
        judge.use(rules)
        past, takes_late = PastReader(self._queries), axis is Axis.MOMENTO
        replay = FleetReplay(self, judge, self._hearing, cadence, takes_late=takes_late)
        if takes_late:
            numbers = [server.id for server in self.servers()]
            read = past.fleet_places(self._database, numbers, period.last_id, period.until)
        else:
            read = past.fleet_arrivals(self._database, period.last_id, period.until)
        with self._database.snapshot() as connection:
            tags = self._tags.times(connection, period.until)
            retired = RetirementReader(self._queries).times(connection, period.until)
        return FleetRun(replay, replay.ticks(read, [*tags, *retired], period))

    def verdicts_now(self, rules: Rules) -> dict[str, list[Verdict]]:
        """What rules that the guard has loaded say of the newest record of each server."""
        reader, now = UnjudgedReader(self._queries), times.now()
        with self._database.snapshot() as connection:
            records = reader.fleet(connection, 0, MAX_INTEGER)
            tasks = [
                Task(
                    reader.server(connection, record.server_id),
                    record.seq,
                    now,
                    Cursor(record.server_id),
                    record.bound,
                    record.digest.hex(),
                    only=frozenset(rules),
                )
                for record in records
            ]
        judge = RecordJudge(self._queries, self.guard, self._builder, sees=False)
        judge.use(rules)
        found: dict[str, list[Verdict]] = {rule: [] for rule in rules}
        for first in range(0, len(tasks), _SERVERS_AT_A_TIME):
            some = tasks[first : first + _SERVERS_AT_A_TIME]
            judge.judge(some)
            for task in some:
                for rule in rules.keys() & task.verdicts.keys():
                    found[rule].append(task.verdicts[rule])
        return found

    def tags(self) -> dict[str, frozenset[str]]:
        """The values that each tag has on some server now."""
        with self._database.snapshot() as connection:
            return self._tags.values(connection)

    def waived(self, rule: str) -> Waived:
        """When a rule was waived, by its id."""
        return WaiverHistory(self._database, self._queries, rule).waived_until

    def server(self, server_id: int) -> JudgedServer:
        with self._database.snapshot() as connection:
            return UnjudgedReader(self._queries).server(connection, server_id)

    def close(self) -> None:
        self._resources.close()

    def __enter__(self) -> Self:
        # Most of what it allocates is rows. They make no cycles, and to look for some takes long.
        self._resources.callback(gc.set_threshold, *gc.get_threshold())
        gc.set_threshold(_COLLECTED_AFTER)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
