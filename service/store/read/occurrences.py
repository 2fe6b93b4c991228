"""Occurrences of processes and logins over the whole fleet: now, at a moment, and ever."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from service.store.engines import Database
from service.store.slots import SLOT_BITS, SLOTS_PER_RECORD

_NAME_BITS = 31  # of a cursor are the id of a name


class ProcessFilter(NamedTuple):
    """Selects processes; a null criterion selects all.

    A name or username matches exactly; with * for any characters it ignores the case of ASCII
    letters.
    """

    name: str | None = None
    username: str | None = None
    pid: int | None = None

    def parameters(self) -> dict[str, Any]:
        """The parameters that the queries take."""
        name, name_like = _exact_or_like(self.name)
        username, username_like = _exact_or_like(self.username)
        return {
            "name": name,
            "name_like": name_like,
            "username": username,
            "username_like": username_like,
            "pid": self.pid,
            "any": self.name is None and self.username is None,
        }


class LoginFilter(NamedTuple):
    """Selects logins; a null criterion selects all. A username matches as in a ProcessFilter."""

    username: str | None = None
    pid: int | None = None

    def parameters(self) -> dict[str, Any]:
        """The parameters that the queries take."""
        username, username_like = _exact_or_like(self.username)
        return {"username": username, "username_like": username_like, "pid": self.pid}


def _exact_or_like(text: str | None) -> tuple[str | None, str | None]:
    if text is None or "*" not in text:
        return text, None
    for special in "!%_":
        text = text.replace(special, f"!{special}")
    return None, text.replace("*", "%")


class ProcessOccurrence(NamedTuple):
    """A process in a record."""

    server_id: int
    id_serv: int  # the record that shows it
    ip_server: str
    nombre_host: str | None
    taken_at: int  # when that record was taken
    id_proc: int
    pid: int
    name: str | None
    username: str | None
    ppid: int | None
    started_at: int | None
    ejecutable: str | None
    linea_comando: str | None
    seen_from: int  # when the first record that shows it was taken
    seen_until: int  # when the last one was taken


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
    """The name of a process that a server has ever shown."""

    server_id: int
    id_serv: int  # the newest record of the server, whether or not it shows the name
    ip_server: str
    nombre_host: str | None
    name: str | None
    username: str | None
    first_at: int  # when the first record that shows the name was taken
    last_at: int  # when the last one was taken
    running: bool  # the newest record shows it


class LoginHistory(NamedTuple):
    """A user whose login a server has ever shown."""

    server_id: int
    id_serv: int
    ip_server: str
    nombre_host: str | None
    username: str | None
    first_at: int
    last_at: int
    running: bool


class Count(NamedTuple):
    """The number of servers with an occurrence now, and the number of occurrences."""

    servers: int
    running: int


Filter = TypeVar("Filter", ProcessFilter, LoginFilter)
Occurrence = TypeVar("Occurrence", ProcessOccurrence, LoginOccurrence)
History = TypeVar("History", ProcessHistory, LoginHistory)
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class OccurrencePage(Generic[Row]):
    """Rows in the order of servers; `after` is the cursor of the next page, null on the last."""

    rows: list[Row]
    after: int | None


@dataclass(frozen=True, slots=True)
class OccurrenceQueries:
    """The queries of an OccurrenceStore."""

    now: str
    at: str
    history: str
    count: str


class OccurrenceStore(Generic[Filter, Occurrence, History]):
    """Occurrences of processes, or those of logins."""

    def __init__(
        self,
        database: Database,
        queries: OccurrenceQueries,
        occurrence: type[Occurrence],
        history: type[History],
    ) -> None:
        self._database = database
        self._queries = queries
        self._occurrence: type[Occurrence] = occurrence
        self._history: type[History] = history

    def now(self, criteria: Filter, after: int, limit: int) -> OccurrencePage[Occurrence]:
        """Occurrences in the newest record of each server."""
        return self._page(self._queries.now, criteria.parameters(), after, limit)

    def at(
        self, criteria: Filter, moment: int, after: int, limit: int
    ) -> OccurrencePage[Occurrence]:
        """Occurrences in the record of each server that was its newest at the moment."""
        parameters = criteria.parameters() | {"moment": moment}
        return self._page(self._queries.at, parameters, after, limit)

    def history(self, criteria: Filter, after: int, limit: int) -> OccurrencePage[History]:
        """The names that servers have ever shown; the pid is ignored."""
        parameters = criteria.parameters() | history_place(after) | {"limit": limit + 1}
        rows = self._rows(self._queries.history, parameters)
        shown = [self._history._make(row[:-1]) for row in rows[:limit]]
        shown = [row._replace(running=bool(row.running)) for row in shown]
        last = rows[limit - 1] if len(rows) > limit else None
        return OccurrencePage(shown, None if last is None else last[0] << _NAME_BITS | last[-1])

    def count(self, criteria: Filter) -> Count:
        """The number of occurrences now; the pid is ignored."""
        return Count(*self._rows(self._queries.count, criteria.parameters())[0])

    def _page(
        self, query: str, parameters: dict[str, Any], after: int, limit: int
    ) -> OccurrencePage[Occurrence]:
        place = {
            "server_id": after >> SLOT_BITS,
            "slot": after & (SLOTS_PER_RECORD - 1),
            "limit": limit + 1,
        }
        rows = self._rows(query, parameters | place)
        shown = [self._occurrence._make(row[:-1]) for row in rows[:limit]]
        last = rows[limit - 1] if len(rows) > limit else None
        return OccurrencePage(shown, None if last is None else last[0] << SLOT_BITS | last[-1])

    def _rows(self, query: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        with self._database.snapshot() as connection:
            return connection.execute(query, parameters).fetchall()


ProcessOccurrenceStore = OccurrenceStore[ProcessFilter, ProcessOccurrence, ProcessHistory]
LoginOccurrenceStore = OccurrenceStore[LoginFilter, LoginOccurrence, LoginHistory]


def process_occurrences(database: Database, queries: Mapping[str, str]) -> ProcessOccurrenceStore:
    own = OccurrenceQueries(
        now=queries["processes_now"],
        at=queries["processes_at"],
        history=queries["process_history"],
        count=queries["process_count"],
    )
    return OccurrenceStore(database, own, ProcessOccurrence, ProcessHistory)


def login_occurrences(database: Database, queries: Mapping[str, str]) -> LoginOccurrenceStore:
    own = OccurrenceQueries(
        now=queries["logins_now"],
        at=queries["logins_at"],
        history=queries["login_history"],
        count=queries["login_count"],
    )
    return OccurrenceStore(database, own, LoginOccurrence, LoginHistory)


def history_place(after: int) -> dict[str, int]:
    """The parameters that the queries of a history take for a cursor."""
    return {"server_id": after >> _NAME_BITS, "name_id": after & ((1 << _NAME_BITS) - 1)}
