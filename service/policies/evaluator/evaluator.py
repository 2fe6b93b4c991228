"""The evaluator: judges every report of every server, and what time alone changes.

Work comes in this order: new texts of rules; reports, in each round the next one of each server;
and silence, hours and days, tags, retired servers, of servers without a report that waits, and
ticks of the fleet. These come once no report waits at all, or else every few seconds: one server
that sends more than can be judged must not hide the silence of the others.
The cursors in the database say what is done: another evaluator goes on where one was killed.

Before the evaluator takes up other texts, it judges all that arrived until then by the texts in
force, so that its verdicts follow the order of arrival. What arrives later waits meanwhile. A few
servers that send more than can be judged are left Behind with the texts of before.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import ExitStack, closing
from types import TracebackType
from typing import Self

from service import times
from service.auth.audit_log import AuditLog
from service.config import Config
from service.errors import StorageUnavailableError
from service.policies.evaluator.behind import Behind
from service.policies.evaluator.candidates import Candidates
from service.policies.evaluator.fleet_judge import FleetJudge
from service.policies.evaluator.fleet_ticks import FleetTicks
from service.policies.evaluator.hearing import Hearing
from service.policies.evaluator.hold import Hold
from service.policies.evaluator.notices import Notices
from service.policies.evaluator.progress import Progress
from service.policies.evaluator.record_judge import RecordJudge
from service.policies.evaluator.rounds import Rounds
from service.policies.evaluator.server_events import ServerEvents
from service.policies.evaluator.take_up import TakeUp
from service.policies.evaluator.tasks import TaskMaker
from service.policies.evaluator.verdict_writer import VerdictWriter
from service.policies.evaluator.word import Word
from service.policies.guard import text_hash
from service.policies.guard.guard import Guard
from service.policies.rules.places import TABLES_SCRIPT
from service.store.engines import Connection, open_database
from service.store.engines.image import ImageBuilder
from service.store.queries import load_queries
from service.store.read.retirements import RetirementReader
from service.store.read.silence import Silence
from service.store.read.tags import TagReader
from service.store.read.unjudged import UNDER_WAY, UnjudgedReader
from service.store.write.notices import NoticeStore
from service.store.write.rule_texts import RuleTextStore
from service.store.write.server_events import ServerEventStore
from service.store.write.verdicts import VerdictStore

_LOG = logging.getLogger(__name__)

_SERVERS_A_ROUND = 200
_SECONDS_BETWEEN = 0.5
# Reports may wait for others, since each round is a transaction that those who report wait for.
_GATHERED = times.SECOND // 2
_LOOK_SECONDS = 5.0  # between two looks at the folders of rules
_FIRST_LOOK_SECONDS = 0.5
_TIMERS_SECONDS = 5.0  # between two looks at what time changed, while reports wait
_ASK_SECONDS = 1.0  # between two questions whether all is judged, while reports come in


class Evaluator:
    """Holds the evaluator's lock while it works; use it in a with statement.

    Raises StorageUnavailableError, in all methods.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._resources = ExitStack()
        queries = load_queries()
        script = TABLES_SCRIPT.read_text(encoding="utf-8")
        database = self._resources.enter_context(closing(open_database(config.database)))
        self._database = database
        self._guard = self._resources.enter_context(Guard())
        of_some = self._resources.enter_context(ImageBuilder(script, config.database))
        of_fleet = self._resources.enter_context(ImageBuilder(script, config.database))
        self._reader, store = UnjudgedReader(queries), VerdictStore(queries)
        silence = Silence(config.silent_after * times.SECOND, config.silent_intervals)
        self._hearing = Hearing(database, self._reader, store, silence, config.alive)
        texts = RuleTextStore(database, queries)
        self._take_up = TakeUp(
            config.policies,
            texts,
            AuditLog(config.audit_log),
            self._guard,
            text_hash.Silence(config.silent_after, config.silent_intervals),
        )
        self._candidates, tags = Candidates(self._reader), TagReader(queries)
        left = RetirementReader(queries)
        self._tasks = TaskMaker(database, self._reader, store, self._hearing, tags, left)
        notices = None if config.notify is None else NoticeStore(queries)
        self._notices = None if notices is None else Notices(notices)
        events = ServerEventStore(queries, notices)
        writer = self._resources.enter_context(
            closing(VerdictWriter(database, store, events, self._notices))
        )
        judge = RecordJudge(queries, self._guard, of_some)
        of_servers = ServerEvents(events, self._reader)
        self._rounds = Rounds(database, judge, store, writer, of_servers)
        self._behind = Behind(
            database, queries, self._reader, store, texts, self._tasks, of_some, writer, of_servers
        )
        self._resources.callback(self._behind.close)
        of_ticks, every = FleetJudge(queries, self._guard, of_fleet), config.fleet_every
        self._ticks = FleetTicks(
            database, self._reader, of_ticks, store, writer, self._hearing, tags, left, every
        )
        self._progress = Progress(database, self._reader, self._tasks, tags, left)
        self._looked_at = self._asked_at = self._timers_at = 0.0
        self._deaf_since: int | None = None
        self._gathers = False
        self._hold = Hold()
        self._others: set[int] = set()  # servers that other texts judged last
        self._word = Word(config.evaluator_lock, self._take_up, self._hold, self._ticks)

    def begin(self, look_seconds: float = _FIRST_LOOK_SECONDS) -> None:
        """Looks at the rules twice. They are taken up once work() has judged what waits."""
        self._take_up.resume()
        self._use()
        self._take_up.is_due(times.now())
        time.sleep(look_seconds)
        if self._take_up.is_due(times.now()):
            self._hold_or_take(settle_seconds=2 * look_seconds)

    def follow(self, stopped: threading.Event) -> None:
        """Works until it is stopped, whatever cannot be read or stored meanwhile."""
        self._gathers = True
        while not stopped.is_set():
            try:
                is_busy = self.work()
                self._end_deafness()
            except StorageUnavailableError as error:
                if self._deaf_since is None:
                    _LOG.warning("evaluator: %s", error)
                    self._deaf_since = times.now()
                is_busy = False
            if not is_busy:
                stopped.wait(_SECONDS_BETWEEN)

    def _end_deafness(self) -> None:
        if self._deaf_since is not None:
            since, self._deaf_since = self._deaf_since, None
            self._hearing.note_gap(since, times.now())

    def work(self) -> bool:
        """One round of what comes first. False if nothing was to be done."""
        self._look()
        is_busy = self._work()
        self._word.leave()
        return is_busy

    def _work(self) -> bool:
        if self._new_texts():
            return True
        if self._reports():
            if time.monotonic() - self._timers_at >= _TIMERS_SECONDS:
                self._timers()
            self._ticks.run_if_due(self._now())  # which wait for nothing
            self._take_held()
            return True
        is_busy = self._timers() or self._ticks.run_if_due(self._now()) or self._take_held()
        return is_busy or bool(self._others)

    def _now(self) -> int:
        """The moment to judge what time alone changes, of things under way too."""
        now = times.now()
        return now if self._hold.until is None else min(now, self._hold.until + UNDER_WAY)

    def catch_up(self) -> None:
        """Works until all is judged that arrived, fell due or was in the folders at this moment.

        Rules about the fleet wait for their tick.
        """
        until, self._gathers = times.now(), True
        while True:
            is_busy, asked_at = self.work(), time.monotonic()
            if not is_busy or asked_at - self._asked_at >= _ASK_SECONDS:
                self._asked_at = asked_at
                if self._hold.until is None and self._progress.is_reached(
                    until, self._take_up.judged, self._take_up.epoch
                ):
                    return
            if not is_busy:
                time.sleep(_SECONDS_BETWEEN)

    def _look(self) -> None:
        now = time.monotonic()
        if self._hold.until is None and now - self._looked_at >= _LOOK_SECONDS:
            self._looked_at = now
            if self._take_up.is_due(times.now()):
                self._hold_or_take(settle_seconds=UNDER_WAY / times.SECOND)

    def _hold_or_take(self, settle_seconds: float) -> None:
        """Takes up the files; other texts once what arrived until now is judged by those before."""
        changes_texts = self._take_up.in_force and self._take_up.changes_texts()
        self._hold.begin(times.now(), settle_seconds)
        self._word.leave()  # before anything is so from then on
        if not changes_texts:
            self._take(self._hold.end() or times.now())

    def _take_held(self) -> bool:
        """Takes up the files, once all that was so before is judged. Whether it did.

        Of a few servers it need not be: they keep the texts before for what arrived before. While
        there are such servers, no further texts are taken up.
        """
        if self._hold.until is None or self._others:
            return False
        with self._database.snapshot() as connection:
            waiting, servers = self._waiting(connection), self._reader.judged_servers(connection)
        if not self._hold.is_over(len(waiting), servers):
            return False
        while self._timers() or self._ticks.run_if_due(self._now()):
            pass  # of the others
        self._take(self._hold.end() or times.now())
        return True

    def _take(self, at: int) -> None:
        if self._take_up.take(at):
            self._use()
        self._rounds.use(self._take_up.judged, self._take_up.in_force)  # lists may be others too
        self._word.leave()

    def _use(self) -> None:
        rules = self._take_up.judged
        self._rounds.use(rules, self._take_up.in_force)
        if self._notices is not None:
            self._notices.use(rules)
        self._ticks.use(rules)  # which reads the database

    def _new_texts(self) -> bool:
        epoch = self._take_up.epoch
        with self._database.snapshot() as connection:
            servers = self._reader.of_other_epochs(connection, epoch)
        self._others = set(servers)
        if not servers:
            return False
        at = self._take_up.changed_at()
        behind = self._behind.judge(servers, at)
        ready = [server for server in servers if server not in behind][:_SERVERS_A_ROUND]
        if ready:
            self._rounds.run(self._tasks.of_texts(ready, self._take_up.judged, epoch, at))
        return bool(ready)

    def _reports(self) -> bool:
        with self._database.snapshot() as connection:
            reports = self._waiting(connection)
            if not reports:
                return False
            if self._gathers and len(reports) < _SERVERS_A_ROUND:
                arrived_at = self._reader.report(connection, reports[0]).received_at
                if times.now() - _GATHERED < arrived_at <= times.now():
                    return False
        rules, epoch = self._take_up.judged, self._take_up.epoch
        self._rounds.run(self._tasks.of_reports(reports, rules, epoch))
        return True

    def _waiting(self, connection: Connection) -> list[int]:
        """Reports to judge in the next round; not those that wait for texts to be taken up."""
        numbers, until = self._candidates.next_reports(connection), self._hold.until
        if until is not None or self._others:
            reports = [self._reader.report(connection, number) for number in numbers]
            numbers = [
                report.id
                for report in reports
                if (until is None or report.received_at <= until)
                and report.server_id not in self._others
            ]
        return numbers[:_SERVERS_A_ROUND]

    def _timers(self) -> bool:
        """What time changed of servers all of whose reports are judged. Whether it did."""
        self._timers_at = time.monotonic()
        rules, now = self._take_up.judged, self._now()
        tasks = self._tasks.of_what_time_changed(rules, now, without=self._others)
        for first in range(0, len(tasks), _SERVERS_A_ROUND):
            self._rounds.run(tasks[first : first + _SERVERS_A_ROUND])
        return bool(tasks)

    def close(self) -> None:
        self._resources.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
