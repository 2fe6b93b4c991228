"""Reads a whole database, to hold it against another one or against the archive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from service import times
from service.report import UNKNOWN, Facts, Report
from service.store.engines import Connection, Database
from service.store.identity import identity_of

ProcessKey = tuple[object, ...]  # pid, name, username, inicio
LoginKey = tuple[object, ...]  # pid, username, terminal, origen, desde

_SLOTS = 1 << 20  # id_proc is id_serv times this, and the slot


class Key(NamedTuple):
    """What tells a report from every other, in any database that holds it."""

    identity: str
    taken_at: int
    digest: bytes

    def __str__(self) -> str:
        return f"the report of {self.identity} at {times.to_text(self.taken_at)}"


@dataclass(frozen=True, slots=True)
class Content:
    """What the three relations show of one report, ids and order aside."""

    server: dict[str, object]
    processes: Counter[ProcessKey]
    # With the facts of those that this report is the first to show. What is shown of the others
    # was said by an earlier report, which need not be the same one in two databases.
    first_sights: Counter[tuple[ProcessKey, Facts]]
    logins: Counter[LoginKey]

    def agrees_with(self, other: Content) -> bool:
        mine = self.first_sights - other.first_sights
        others = other.first_sights - self.first_sights
        return (
            (self.server, self.processes, self.logins)
            == (other.server, other.processes, other.logins)
            # Both showed the process first, and with other facts.
            and {key for key, _ in mine}.isdisjoint(key for key, _ in others)
        )


def key_of(report: Report) -> Key:
    return Key(identity_of(report), report.taken_at, report.digest)


def content_of(report: Report) -> Content:
    """What the relations should show of a report, were it the first to show each process."""
    server = report.profile._asdict()
    del server["booted_at"]  # the relations show it with process 1
    server["version_esquema"] = server["version_esquema"] or 1
    processes = [(*row, _shown(started_at)) for *row, started_at in report.processes]
    facts = report.process_facts or [UNKNOWN] * len(processes)
    return Content(
        server
        | {
            "fecha_hora": times.to_text(report.taken_at),
            "id_maquina": report.id_maquina,
            "descartados": report.discarded,
        },
        Counter(processes),
        Counter(zip(processes, facts, strict=True)),
        Counter((*row, _shown(since)) for *row, since in report.logins),
    )


@lru_cache(maxsize=1 << 16)
def _shown(microseconds: int | None) -> str | None:
    return None if microseconds is None else times.to_text(microseconds)


class Audit:
    """A database, all of it as it was at one moment."""

    def __init__(
        self, database: Database, connection: Connection, queries: Mapping[str, str]
    ) -> None:
        self._database = database
        self._connection = connection
        self._queries = queries

    def broken(self) -> list[str]:
        """What SQLite finds wrong with the file, in its own words; nothing, if all is well.

        If so, also whether the sightings are what the spans say.
        """
        broken = self._database.find_damage(self._connection)
        if not broken:
            for kind in ("process", "login"):
                (astray,) = self._connection.execute(self._queries[f"astray_{kind}"]).fetchone()
                if astray:
                    broken.append(f"{astray} rows of {kind}_sighting are not what the spans say")
        return broken

    def reports(self) -> Iterator[tuple[Key, int]]:
        """The key and the id_serv of every report, in the order of their keys."""
        for identity, taken_at, digest, id_serv in self._connection.execute(
            self._queries["all_reports"]
        ):
            yield Key(identity, taken_at, digest), id_serv

    def find(self, key: Key) -> int | None:
        """The id_serv of the report with this key."""
        row = self._connection.execute(self._queries["find_report"], key._asdict()).fetchone()
        return None if row is None else int(row[0])

    def content(self, id_serv: int) -> Content:
        """What the relations do show of a report."""
        parameters = {"id_serv": id_serv}
        record = self._connection.execute(self._queries["record"], parameters)
        names = [column[0] for column in record.description or ()]
        server = dict(zip(names, record.fetchone(), strict=True))
        del server["id_serv"], server["id_clonado"]  # which depend on other reports
        first = {
            slot for (slot,) in self._connection.execute(self._queries["first_sights"], parameters)
        }
        processes: list[ProcessKey] = []
        first_sights: Counter[tuple[ProcessKey, Facts]] = Counter()
        for id_proc, pid, name, username, ppid, inicio, *texts in self._connection.execute(
            self._queries["record_processes"], parameters
        ):
            processes.append((pid, name, username, inicio))
            if id_proc % _SLOTS in first:
                first_sights[processes[-1], (ppid, *texts)] += 1
        logins = self._connection.execute(self._queries["record_logins"], parameters)
        return Content(server, Counter(processes), first_sights, Counter(row[1:] for row in logins))


@contextmanager
def audit(database: Database, queries: Mapping[str, str]) -> Iterator[Audit]:
    with database.snapshot() as connection:
        connection.execute(queries["any_report"]).fetchone()  # this fixes the moment
        yield Audit(database, connection, queries)
