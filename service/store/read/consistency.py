"""Reads a whole database, to compare it with another database or with the archive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from service import times
from service.report import UNKNOWN_DETAILS, ProcessDetails, Report
from service.store.engines import Connection, Database
from service.store.identity import identity_of
from service.store.slots import SLOTS_PER_RECORD

ProcessKey = tuple[object, ...]  # pid, name, username, inicio
LoginKey = tuple[object, ...]  # pid, username, terminal, origen, desde


class ReportKey(NamedTuple):
    """Identifies a report in every database that holds it."""

    identity: str
    taken_at: int
    digest: bytes

    def __str__(self) -> str:
        return f"the report of {self.identity} at {times.to_text(self.taken_at)}"


@dataclass(frozen=True, slots=True)
class RecordContent:
    """One report as the three relations show it, without ids and order."""

    server: dict[str, object]
    processes: Counter[ProcessKey]
    # With the details of the processes that this report is the first to show. The details of the
    # others come from an earlier report, which need not be the same one in two databases.
    first_occurrences: Counter[tuple[ProcessKey, ProcessDetails]]
    logins: Counter[LoginKey]
    # Processes with ticks, by pid, name and username. Their inicio, too, is that of the report that
    # was the first to show them. Empty for a record, which does not tell.
    ticked: frozenset[tuple[object, ...]] = frozenset()

    def agrees_with(self, other: RecordContent) -> bool:
        mine = self.first_occurrences - other.first_occurrences
        others = other.first_occurrences - self.first_occurrences
        return (
            (self.server, self.logins) == (other.server, other.logins)
            and self._has_the_processes_of(other)
            # No process is a first occurrence in both, with different details.
            and {key for key, _ in mine}.isdisjoint(key for key, _ in others)
        )

    def _has_the_processes_of(self, other: RecordContent) -> bool:
        mine, others = self.processes - other.processes, other.processes - self.processes
        if not mine and not others:
            return True
        same_names = Counter(key[:3] for key in mine.elements()) == Counter(
            key[:3] for key in others.elements()
        )
        # Only a first occurrence has its own inicio.
        my_firsts = {key[:3] for key, _ in self.first_occurrences if key in mine}
        other_firsts = {key[:3] for key, _ in other.first_occurrences if key in others}
        return (
            same_names
            and all(key[:3] in self.ticked | other.ticked for key in mine)
            and my_firsts.isdisjoint(other_firsts)
        )


def keys_of(report: Report) -> list[ReportKey]:
    """The key that the record of a report has, and the one that 0.1.0 would have given it."""
    identity = identity_of(report)
    digests = [report.digest, report.spelled_digest]
    return [ReportKey(identity, report.taken_at, each) for each in digests if each is not None]


def content_of(report: Report) -> RecordContent:
    """The content that the record of a report must have if it is the first to show each process."""
    server = report.profile._asdict()
    del server["booted_at"], server["boot_id"]  # the relations show the start of process 1
    server["version_esquema"] = server["version_esquema"] or 1
    processes = [(*row, _shown(started_at)) for *row, started_at in report.processes]
    details = report.process_details or [UNKNOWN_DETAILS] * len(processes)
    return RecordContent(
        server
        | {
            "fecha_hora": times.to_text(report.taken_at),
            "id_maquina": report.id_maquina,
            "descartados": report.discarded,
        },
        Counter(processes),
        Counter(zip(processes, details, strict=True)),
        Counter((*row, _shown(since)) for *row, since in report.logins),
        frozenset(
            process[:3]
            for process, ticks in zip(report.processes, report.process_ticks, strict=False)
            if ticks is not None
        ),
    )


@lru_cache(maxsize=1 << 16)
def _shown(microseconds: int | None) -> str | None:
    return None if microseconds is None else times.to_text(microseconds)


class DatabaseContent:
    """All of a database as it was at one moment."""

    def __init__(
        self, database: Database, connection: Connection, queries: Mapping[str, str]
    ) -> None:
        self._database = database
        self._connection = connection
        self._queries = queries

    @property
    def connection(self) -> Connection:
        """Reads the database at the same moment."""
        return self._connection

    def damage(self) -> list[str]:
        """Damage that the engine finds, in its own words; empty if there is none.

        An undamaged database is also searched for rows that disagree with each other.
        """
        damage = self._database.find_damage(self._connection)
        if not damage:
            for query, table, other in (
                ("mismatched_process_sightings", "process_sighting", "the spans"),
                ("mismatched_login_sightings", "login_sighting", "the spans"),
                ("misplaced_reports", "report", "the order of their places in time"),
                ("mismatched_arrivals", "server", "the arrivals of their reports"),
            ):
                (mismatched,) = self._connection.execute(self._queries[query]).fetchone()
                if mismatched:
                    damage.append(f"{mismatched} rows of {table} disagree with {other}")
        return damage

    def reports(self) -> Iterator[tuple[ReportKey, int]]:
        """The key and the id_serv of every report, in the order of their keys."""
        for identity, taken_at, digest, id_serv in self._connection.execute(
            self._queries["all_reports"]
        ):
            yield ReportKey(identity, taken_at, digest), id_serv

    def find(self, keys: Sequence[ReportKey]) -> tuple[ReportKey, int] | None:
        """The first of these keys that a record has, and its id_serv."""
        for key in keys:
            named = key._asdict() | {"spelled_digest": None}
            row = self._connection.execute(self._queries["find_report"], named).fetchone()
            if row is not None:
                return key, int(row[0])
        return None

    def content(self, id_serv: int) -> RecordContent:
        """The content of a record."""
        parameters = {"id_serv": id_serv}
        record = self._connection.execute(self._queries["record"], parameters)
        names = [column[0] for column in record.description or ()]
        server = dict(zip(names, record.fetchone(), strict=True))
        for name in ("id_serv", "id_clonado", "recibido", "reloj", "zona"):
            del server[name]  # which do not follow from the report alone
        first_slots = {
            slot
            for (slot,) in self._connection.execute(self._queries["first_occurrences"], parameters)
        }
        processes: list[ProcessKey] = []
        first_occurrences: Counter[tuple[ProcessKey, ProcessDetails]] = Counter()
        for id_proc, pid, name, username, ppid, inicio, *texts in self._connection.execute(
            self._queries["record_processes"], parameters
        ):
            processes.append((pid, name, username, inicio))
            if id_proc % SLOTS_PER_RECORD in first_slots:
                first_occurrences[processes[-1], (ppid, *texts)] += 1
        rows = self._connection.execute(self._queries["record_logins"], parameters)
        logins = Counter(row[1:] for row in rows)
        return RecordContent(server, Counter(processes), first_occurrences, logins)


@contextmanager
def open_content(database: Database, queries: Mapping[str, str]) -> Iterator[DatabaseContent]:
    with database.snapshot() as connection:
        connection.execute(queries["any_report"]).fetchone()  # the first read fixes the moment
        yield DatabaseContent(database, connection, queries)
