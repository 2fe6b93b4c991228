"""Where in the fleet something runs, ran at a moment, or has ever been seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from service.store.engines import Database

_KEY_BITS = 20  # a report lists fewer than 2^20 processes, and slots are below that
_NAME_BITS = 31


class Matching(NamedTuple):
    """What is looked for; what is null does not matter.

    A name is meant exactly, as it is written; with * for any characters, in any case.
    """

    name: str | None = None  # of a program; logins have none
    username: str | None = None
    pid: int | None = None


class ProcessOccurrence(NamedTuple):
    """A process in a record."""

    server_id: int
    id_serv: int  # the record that shows it
    ip_server: str
    nombre_host: str | None
    taken_at: int  # when that record was
    id_proc: int
    pid: int
    name: str | None
    username: str | None
    ppid: int | None
    started_at: int | None
    ejecutable: str | None
    linea_comando: str | None
    seen_from: int  # when the first record that shows it was taken
    seen_until: int  # and the last one


class LoginOccurrence(NamedTuple):
    """A login in a record."""

    server_id: int
    id_serv: int
    ip_server: str
    nombre_host: str | None
    taken_at: int
    id_usr: int
    pid: int | None
    username: str | None
    terminal: str | None
    origen: str | None
    since: int | None
    seen_from: int
    seen_until: int


class ProcessHistory(NamedTuple):
    """A name of a process that a server has shown."""

    server_id: int
    id_serv: int  # the newest record of the server, whether or not it shows the name
    ip_server: str
    nombre_host: str | None
    name: str | None
    username: str | None
    first_at: int  # when the first and the last record that show it were taken
    last_at: int
    running: bool  # the newest record shows it


class LoginHistory(NamedTuple):
    """A user whose login a server has shown."""

    server_id: int
    id_serv: int
    ip_server: str
    nombre_host: str | None
    username: str | None
    first_at: int
    last_at: int
    running: bool


class Count(NamedTuple):
    """How much of it there is now."""

    servers: int
    running: int


Row = TypeVar("Row")
Sighting = TypeVar("Sighting", ProcessOccurrence, LoginOccurrence)
Ever = TypeVar("Ever", ProcessHistory, LoginHistory)


@dataclass(frozen=True, slots=True)
class Sightings(Generic[Row]):
    """Rows in the order of servers; `after`, the key of the next page, is null on the last one."""

    rows: list[Row]
    after: int | None


class OccurrenceStore(Generic[Sighting, Ever]):
    """Processes or logins, by their queries: <kind>_now, _at, _ever, _count."""

    def __init__(
        self,
        database: Database,
        queries: Mapping[str, str],
        kind: str,
        sighting: type[Sighting],
        ever: type[Ever],
    ) -> None:
        self._database = database
        self._now = queries[f"{kind}_now"]
        self._at = queries[f"{kind}_at"]
        self._ever = queries[f"{kind}_ever"]
        self._count = queries[f"{kind}_count"]
        self._sighting: type[Sighting] = sighting
        self._ever_row: type[Ever] = ever

    def now(self, matching: Matching, after: int, limit: int) -> Sightings[Sighting]:
        """Those in the newest record of each server."""
        return self._sightings(self._now, matching, after, limit, {})

    def at(self, matching: Matching, moment: int, after: int, limit: int) -> Sightings[Sighting]:
        """Those in the newest record of each server that was taken not after the moment."""
        return self._sightings(self._at, matching, after, limit, {"moment": moment})

    def ever(self, matching: Matching, after: int, limit: int) -> Sightings[Ever]:
        """What servers have ever shown; the pid does not matter."""
        rows = self._all(self._ever, wanted(matching) | place_of(after) | {"limit": limit + 1})
        shown = [self._ever_row._make(row[:-1]) for row in rows[:limit]]
        shown = [row._replace(running=bool(row.running)) for row in shown]
        last = rows[limit - 1] if len(rows) > limit else None
        return Sightings(shown, None if last is None else last[0] << _NAME_BITS | last[-1])

    def count(self, matching: Matching) -> Count:
        """How much of it there is now; the pid does not matter."""
        return Count(*self._all(self._count, wanted(matching))[0])

    def _sightings(
        self, query: str, matching: Matching, after: int, limit: int, more: dict[str, int]
    ) -> Sightings[Sighting]:
        place = {
            "server_id": after >> _KEY_BITS,
            # A cursor of 0 begins before the first slot.
            "slot": after & ((1 << _KEY_BITS) - 1) if after else -1,
            "limit": limit + 1,
        }
        rows = self._all(query, wanted(matching) | place | more)
        shown = [self._sighting._make(row[:-1]) for row in rows[:limit]]
        last = rows[limit - 1] if len(rows) > limit else None
        return Sightings(shown, None if last is None else last[0] << _KEY_BITS | last[-1])

    def _all(self, query: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        with self._database.snapshot() as connection:
            return connection.execute(query, parameters).fetchall()


def process_occurrences(
    database: Database, queries: Mapping[str, str]
) -> OccurrenceStore[ProcessOccurrence, ProcessHistory]:
    return OccurrenceStore(database, queries, "process", ProcessOccurrence, ProcessHistory)


def login_occurrences(
    database: Database, queries: Mapping[str, str]
) -> OccurrenceStore[LoginOccurrence, LoginHistory]:
    return OccurrenceStore(database, queries, "login", LoginOccurrence, LoginHistory)


def place_of(after: int) -> dict[str, int]:
    """Where a page of what was ever seen begins, as the queries take it."""
    return {"server_id": after >> _NAME_BITS, "name_id": after & ((1 << _NAME_BITS) - 1)}


def wanted(matching: Matching) -> dict[str, Any]:
    """The parameters that the queries take for it."""
    name, name_like = _exact_or_like(matching.name)
    username, username_like = _exact_or_like(matching.username)
    return {
        "name": name,
        "name_like": name_like,
        "username": username,
        "username_like": username_like,
        "pid": matching.pid,
        "any": matching.name is None and matching.username is None,
    }


def _exact_or_like(text: str | None) -> tuple[str | None, str | None]:
    if text is None or "*" not in text:
        return text, None
    for special in "!%_":
        text = text.replace(special, f"!{special}")
    return None, text.replace("*", "%")
