"""Reads a whole database, to hold it against another one or against the archive."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from service import times
from service.database import Database
from service.report import Login, Process, Profile, Report
from service.store.identity import identity_of


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

    profile: Profile
    fecha_hora: str
    processes: Counter[Process]
    logins: Counter[Login]


def key_of(report: Report) -> Key:
    return Key(identity_of(report), report.taken_at, report.digest)


def content_of(report: Report) -> Content:
    """What the relations should show of a report."""
    return Content(
        report.profile,
        times.to_text(report.taken_at),
        Counter(report.processes),
        Counter(report.logins),
    )


class Audit:
    """A database, all of it as it was at one moment."""

    def __init__(self, connection: sqlite3.Connection, queries: Mapping[str, str]) -> None:
        self._connection = connection
        self._queries = queries

    def broken(self) -> list[str]:
        """What SQLite finds wrong with the file, in its own words; nothing, if all is well."""
        integrity = self._connection.execute("PRAGMA integrity_check").fetchall()
        foreign_keys = self._connection.execute("PRAGMA foreign_key_check").fetchall()
        return [text for (text,) in integrity if text != "ok"] + [
            f"a row of {table} refers to a row of {parent} that is not there"
            for table, _, parent, _ in foreign_keys
        ]

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
        _, ipaddress, fecha_hora, *platform = self._connection.execute(
            self._queries["record"], parameters
        ).fetchone()
        processes = self._connection.execute(self._queries["record_processes"], parameters)
        logins = self._connection.execute(self._queries["record_logins"], parameters)
        return Content(
            Profile(ipaddress, *platform),
            fecha_hora,
            Counter(row[1:] for row in processes),
            Counter(row[1:] for row in logins),
        )


@contextmanager
def audit(database: Database, queries: Mapping[str, str]) -> Iterator[Audit]:
    with database.snapshot() as connection:
        connection.execute(queries["any_report"]).fetchone()  # this fixes the moment
        yield Audit(connection, queries)
