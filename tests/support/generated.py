"""Generated reports, and a store of ours and a plain one that both are stored in, side by side."""

from __future__ import annotations

import hashlib
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

from hypothesis import strategies as st

from service.report import UNKNOWN_DETAILS, Login, Process, ProcessDetails, Profile, Report
from service.store.engines.sqlite import SqliteDatabase
from service.store.queries import load_queries
from service.store.write.reports import ReportStore, Stored
from tests.support import plain_store


def time_of(hour: int) -> int:
    return hour * 3_600_000_000 + hour


# Few values each, so that reports share servers, times, pids, programs and whole rows.
PIDS = st.integers(1, 4)
NAMES = st.sampled_from([None, "", "cron", "sshd"])
HOURS = st.integers(0, 12)
TIMES = HOURS.map(time_of)
# Of histories, which may go on for longer.
MOMENTS = st.builds(int.__add__, (HOURS | st.integers(0, 40)).map(time_of), st.integers(0, 1))
BOUNDS = st.none() | MOMENTS
WAITS = st.sampled_from([0, 1, 600_000_000, 3_600_000_000])
STARTS = st.none() | st.sampled_from([0, 1, 3_600_000_000])
PROCESSES: st.SearchStrategy[Process] = st.tuples(PIDS, NAMES, NAMES, st.none())
PROCESSES_2: st.SearchStrategy[Process] = st.tuples(PIDS, NAMES, NAMES, STARTS)
FACTS: st.SearchStrategy[ProcessDetails] = st.tuples(st.none() | PIDS, NAMES, NAMES)
LOGINS: st.SearchStrategy[Login] = st.tuples(
    st.none() | PIDS, NAMES, st.none(), st.none(), st.none()
)
LOGINS_2: st.SearchStrategy[Login] = st.tuples(st.none() | PIDS, NAMES, NAMES, NAMES, STARTS)
PROFILE = st.builds(
    Profile,
    ipaddress=st.sampled_from(["10.0.0.1", "10.0.0.2", "2001:db8::1"]),
    arquitectura_proc=st.just("x86_64"),
    marca_proc=st.just("Intel"),
    nombre_so=st.just("Linux"),
    version_so=st.sampled_from(["11", "12"]),
    version_esquema=st.none(),
    nombre_host=st.none(),
    nucleo=st.none(),
    version_agente=st.none(),
    fuente_usuarios=st.none(),
    booted_at=st.none(),
)
REPORTS_1 = st.builds(
    Report,
    taken_at=TIMES,
    profile=PROFILE,
    processes=st.lists(PROCESSES, max_size=6),
    logins=st.lists(LOGINS, max_size=3),
    digest=st.binary(min_size=16, max_size=16),
    process_details=st.just(()),
    id_maquina=st.none(),
    discarded=st.none(),
)


@st.composite
def reports_of_version_2(draw: st.DrawFn) -> Report:
    profile = draw(PROFILE)._replace(
        version_esquema=2,
        nombre_host=draw(st.sampled_from([None, "alfa", "beta"])),
        nucleo=draw(NAMES),
        version_agente=draw(NAMES),
        fuente_usuarios=draw(st.sampled_from([None, "logind", "utmp", "ninguna"])),
        booted_at=draw(STARTS),
    )
    processes = draw(st.lists(st.tuples(PROCESSES_2, FACTS), max_size=6))
    return replace(
        draw(REPORTS_1),
        profile=profile,
        processes=[row for row, _ in processes],
        process_details=[facts for _, facts in processes],
        logins=draw(st.lists(LOGINS_2, max_size=3)),
        id_maquina=draw(st.sampled_from([None, "m1", "m2"])),
        discarded=draw(st.sampled_from([None, 0, 7])),
    )


REPORTS = REPORTS_1 | reports_of_version_2()


# How many hours after the one before a report is taken, and how many it is late.
PASSING, LATENESS = st.sampled_from([1, 1, 1, 0]), st.sampled_from([0, 0, 0, 0, 1, 2, 5])
MACHINES = st.tuples(PROFILE, st.none()) | st.tuples(
    st.builds(
        Profile._replace,
        PROFILE,
        version_esquema=st.just(2),
        nombre_host=st.sampled_from(["alfa", "beta", None]),
        booted_at=STARTS,
    ),
    st.sampled_from(["m1", "m2", None]),
)


@st.composite
def histories(draw: st.DrawFn, most: int = 12) -> list[tuple[Report, int]]:
    """Reports and when each arrives, in that order; what runs goes on, ends and comes again."""
    machines = draw(st.lists(MACHINES, min_size=1, max_size=5))
    running = draw(st.lists(PROCESSES_2, min_size=1, max_size=4))
    open_now = draw(st.lists(LOGINS_2, min_size=1, max_size=3))
    known = draw(st.lists(FACTS, min_size=1, max_size=2))
    drawn = st.tuples(
        WAITS,
        PASSING,
        LATENESS,
        st.sampled_from(machines),
        st.lists(st.tuples(st.sampled_from(running), st.sampled_from(known)), max_size=5),
        st.lists(st.sampled_from(open_now), max_size=3),
    )
    return list(_arriving(draw(st.lists(drawn, min_size=1, max_size=most))))


def _arriving(
    drawn: list[
        tuple[
            int,
            int,
            int,
            tuple[Profile, str | None],
            list[tuple[Process, ProcessDetails]],
            list[Login],
        ]
    ],
) -> Iterator[tuple[Report, int]]:
    now, hour = 0, 0
    for wait, passed, late, (profile, id_maquina), shown, logins in drawn:
        now, hour = now + wait, hour + passed
        taken_at = time_of(max(0, hour - late))
        processes, facts = [row for row, _ in shown], [its for _, its in shown]
        if profile.version_esquema is None:
            processes = [(*row[:3], None) for row in processes]
            logins = [(*row[:2], None, None, None) for row in logins]  # noqa: PLW2901 — version 1
            facts = []
        digest = hashlib.sha256(repr((taken_at, profile, shown, logins)).encode()).digest()[:16]
        yield Report(taken_at, profile, processes, logins, digest, facts, id_maquina), now


class FirstSights:
    """What is known of the processes of each server, told as simply as can be.

    Of each process (pid, name, username, started_at), what was said of it in the report where it
    began to be shown, as long as it is in every report; of rows that are alike, in their order. A
    late report stands alone.
    """

    def __init__(self) -> None:
        self._newest: dict[int, int] = {}
        self._known: dict[int, dict[Process, list[ProcessDetails]]] = {}

    def facts_of(self, server_id: int, report: Report) -> list[ProcessDetails]:
        """What the relations should show of the processes of a report that was stored now."""
        facts = list(report.process_details) or [UNKNOWN_DETAILS] * len(report.processes)
        if report.taken_at < self._newest.get(server_id, 0):
            return facts
        known, after = self._known.get(server_id, {}), dict[Process, list[ProcessDetails]]()
        for row, its in zip(report.processes, facts, strict=True):
            place = len(after.setdefault(row, []))
            before = known.get(row, [])
            after[row].append(before[place] if place < len(before) else its)
        self._known[server_id], self._newest[server_id] = after, report.taken_at
        taken: dict[Process, Iterator[ProcessDetails]] = {
            row: iter(of) for row, of in after.items()
        }
        return [next(taken[row]) for row in report.processes]


class StoredReport(NamedTuple):
    """A report that was stored, whole."""

    server_id: int
    id_serv: int
    received_at: int
    late: bool  # a newer one of its server was there
    report: Report  # with the facts of each process that the relations should show

    @property
    def taken_at(self) -> int:
        return self.report.taken_at


class Stores:
    """Our store and a plain one, side by side."""

    def __init__(self, folder: Path) -> None:
        self.database = SqliteDatabase(folder / "compliance.db")
        self.database.path.write_bytes(_new_database())
        self.store = ReportStore(self.database, load_queries())
        self.ours = sqlite3.connect(self.database.path)
        self.plain = sqlite3.connect(":memory:")
        self.plain.executescript(plain_store.TABLES)
        self.told: list[StoredReport] = []  # each report that was stored, once, in order of arrival
        self._sights = FirstSights()

    def add(self, report: Report, received_at: int = 0) -> Stored:
        """Stores a report in both."""
        stored = self.store.add(report, received_at)
        if stored.new:
            server_id = self.server_of(stored.id_serv)
            shown = replace(report, process_details=self._sights.facts_of(server_id, report))
            plain_store.insert(self.plain, shown, stored.id_serv)
            late = any(
                told.server_id == server_id and told.taken_at > report.taken_at
                for told in self.told
            )
            self.told.append(StoredReport(server_id, stored.id_serv, received_at, late, shown))
        return stored

    def add_history(self, history: list[tuple[Report, int]]) -> None:
        for report, received_at in history:
            self.add(report, received_at)

    def server_of(self, id_serv: int) -> int:
        query = "SELECT server_id FROM report WHERE id = ?"
        return int(self.ours.execute(query, (id_serv,)).fetchone()[0])

    def forget(self) -> None:
        """The next report comes to a worker that has just been started."""
        self.store = ReportStore(self.database, load_queries())

    def close(self) -> None:
        self.plain.close()
        self.ours.close()
        self.database.close()


@cache
def _new_database() -> bytes:
    """Made once: most of the time of a short history would be spent on it."""
    with tempfile.TemporaryDirectory() as folder:
        database = SqliteDatabase(Path(folder) / "compliance.db")
        database.migrate()
        return database.path.read_bytes()


@contextmanager
def stores() -> Iterator[Stores]:
    # In memory where that can be: what is told of a history does not depend on disks.
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        both = Stores(Path(folder))
        try:
            yield both
        finally:
            both.close()
