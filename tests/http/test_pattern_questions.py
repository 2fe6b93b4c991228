"""Questions with a pattern over 200 servers of 500 job names each, and one of 30,000 names.

Work is counted in steps of SQLite's virtual machine, which no other load changes. Such questions
took hundreds of millions of them, and up to 15 s.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from service import times
from service.report import Process, Profile, Report
from service.store.engines import Database, open_database
from service.store.engines.question import Question, begin, end
from service.store.queries import load_queries
from service.store.read.moments import Moment
from service.store.read.name_filters import ProcessFilter
from service.store.read.occurrences import ProcessOccurrenceStore, process_occurrences
from service.store.read.silence import Silence
from service.store.read.usage_stats import UsageStore
from service.store.write.new_report import NewReport
from service.store.write.reports import ReportStore
from tests.support.lists import address
from tests.support.live import LiveService

pytestmark = pytest.mark.torture

SERVERS, NAMES = 200, 500
MANY = 30_000  # names on the last server
ROUND = 300_000_000  # microseconds between two reports of a server
COUNTED = 20_000  # steps between two looks at a question
MOST_STEPS = 6_000_000
MOST_STEPS_OF_A_FIGURE = 14_000_000  # it tells what is now, what ever was and what is retired
SECONDS = 3.0  # for a page: 0.5 on a machine that does nothing else, which this one may not be
PATTERNS = {
    "job-*": SERVERS * NAMES,
    "old-*": 0,  # each server ran as many once, and runs none now
    "*-7-7": 1,
    "nowhere*": 0,
    "many-*": MANY,
    "many-29*9": 111,
    "init": SERVERS + 1,
}


def report(number: int, taken_at: int, names: Sequence[str]) -> NewReport:
    profile = Profile(
        ipaddress=f"10.1.{number // 250}.{number % 250}",
        arquitectura_proc="x86_64",
        marca_proc="Intel",
        nombre_so="Linux",
        version_so="12",
    )
    processes: list[Process] = [
        (pid, name, "root", None) for pid, name in enumerate(["init", *names], start=1)
    ]
    digest = (taken_at + number).to_bytes(16, "big")
    return NewReport(Report(taken_at + number, profile, processes, [], digest), taken_at + number)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("patterns")
    database = open_database(folder / "compliance.db")
    database.migrate()
    store = ReportStore(database, load_queries())
    first = times.now() - 2 * ROUND
    for taken_at, job in ((first, "old"), (first + ROUND, "job")):
        store.add_all(
            [
                report(number, taken_at, [f"{job}-{number}-{each}" for each in range(NAMES)])
                for number in range(SERVERS)
            ]
        )
    many = [f"many-{each}" for each in range(MANY)]
    store.add_all([report(SERVERS, first + ROUND, many)])
    database.close()
    return folder


@pytest.fixture(scope="module")
def database(data: Path) -> Iterator[Database]:
    with closing(open_database(data / "compliance.db")) as database:
        yield database


@pytest.fixture(scope="module")
def occurrences(database: Database) -> ProcessOccurrenceStore:
    now = times.now()
    return process_occurrences(database, load_queries(), Silence(clock=lambda: now))


class Counting(Question):
    """A question that counts how often a query looks whether it may go on."""

    looks = 0

    def stops(self) -> bool:
        self.looks += 1
        return super().stops()


def steps_of(ask: Callable[[], Any]) -> tuple[Any, int]:
    """What is answered, and about how many steps of the virtual machine that takes."""
    question = Counting(60, lambda: False)
    token = begin(question)
    try:
        return ask(), question.looks * COUNTED
    finally:
        end(token)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_each_page_is_bounded_work_and_all_of_them_are_the_whole_answer(
    occurrences: ProcessOccurrenceStore, pattern: str
) -> None:
    criteria = ProcessFilter(name=pattern)
    then = Moment(times.now())
    for ask in (partial(occurrences.now, criteria), partial(occurrences.at, criteria, then)):
        found: list[Any] = []
        after: int | None = 0
        while after is not None:
            page, steps = steps_of(partial(ask, after, 1000))
            assert steps < MOST_STEPS
            found += page.rows
            after = page.after
        assert len(found) == PATTERNS[pattern]
        assert [(row.server_id, row.id_proc) for row in found] == sorted(
            {(row.server_id, row.id_proc) for row in found}
        )


@pytest.mark.parametrize("pattern", PATTERNS)
def test_histories_and_figures_are_bounded_work(
    database: Database, occurrences: ProcessOccurrenceStore, pattern: str
) -> None:
    criteria = ProcessFilter(name=pattern)
    after: int | None = 0
    rows = 0
    while after is not None:
        page, steps = steps_of(partial(occurrences.history, criteria, after, 1000))
        assert steps < MOST_STEPS
        rows, after = rows + len(page.rows), page.after
    assert rows == (
        SERVERS * NAMES if pattern == "old-*" else PATTERNS[pattern] + ("7-7" in pattern)
    )
    usage = UsageStore(database, load_queries())
    for figure in (usage.processes, usage.users_of):
        _, steps = steps_of(partial(figure, criteria))
        assert steps < MOST_STEPS_OF_A_FIGURE


def test_the_service_answers_in_time_where_nothing_runs_and_everything_ran(data: Path) -> None:
    live = LiveService(data, COMPLIANCE_WORKERS="1")
    live.start()
    try:
        then = {"fecha_hora": times.to_text(times.now())}
        for path, more in product(("/procesos", "/programa"), ({}, then)):
            for pattern in PATTERNS:
                assert_in_time(live, address(path, name=pattern, **more))
        for pattern in PATTERNS:
            assert_in_time(live, address("/procesos/historial", name=pattern))
        # It ends before it is full: what comes after it is one request away.
        pages, following = 0, "/procesos?name=old-*"
        while following is not None:
            document = live.get(following).json()
            assert document["procesos"] == []
            pages, following = pages + 1, document["siguiente"]
        assert pages > 1
    finally:
        live.stop()


def assert_in_time(live: LiveService, asked: str) -> None:
    started = time.monotonic()
    answer = live.get(asked)
    assert answer.status == 200, asked
    assert time.monotonic() - started < SECONDS, asked
