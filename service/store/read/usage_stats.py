"""Figures about programs and users over the whole fleet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from service.store.engines import Database
from service.store.engines.question import PartTimeoutError, part
from service.store.read.figures import Figure, Figures
from service.store.read.name_filters import LoginFilter, ProcessFilter
from service.store.read.occurrence_rows import ProcessHistory
from service.store.read.occurrences import OccurrencePage
from service.store.read.silence import DEFAULT_SILENCE, Silence

T = TypeVar("T")

_MAX_BUSIEST = 40
# What one figure looks at: so many names and sightings, and so many of the newest names, programs
# or accounts where a pattern selects them. A figure that has to look at more says so.
_MAX_SIGHTINGS = 50_000
_MAX_LOOKED_THROUGH = 100_000
_BUSIEST_SECONDS = 2.0  # of the 5 of an answer


class Count(NamedTuple):
    """The number of servers with an occurrence now, and the number of occurrences."""

    servers: int
    running: int
    silent: int  # servers whose last record shows one, and which are silent
    partial: bool  # there are at least so many


class FirstLastSeen(NamedTuple):
    """On how many servers, and when, something was ever seen."""

    servers: int  # at least so many if it is partial, and then the times are unknown
    first_at: int | None  # the place in time of the first record that shows it; null if none does
    last_at: int | None  # that of the last one; null while any is running
    partial: bool


class Presence(NamedTuple):
    """Where something is now, and where it ever was: one look at the same sightings."""

    now: Count
    seen: FirstLastSeen


class Run(NamedTuple):
    """Consecutive reports of a server that show a program, from the first to the last."""

    server_id: int
    first_at: int
    last_at: int


class Busiest(NamedTuple):
    """What runs the most processes now, the most first."""

    programs: list[tuple[str | None, int]]
    users: list[tuple[str | None, int]]


Counts = list[tuple[str | None, int]]
Criteria = ProcessFilter | LoginFilter
Texts = list[tuple[str | None, str | None]]


class UsageStore:
    def __init__(
        self,
        database: Database,
        queries: Mapping[str, str],
        silence: Silence = DEFAULT_SILENCE,
        most: int = _MAX_SIGHTINGS,
    ) -> None:
        """most: names and sightings that a figure looks at."""
        self._database = database
        self._queries = queries
        self._silence = silence
        self._most = most
        self._figures = Figures()

    def servers(self) -> int:
        """The number of servers that are not retired."""
        return int(self._rows(self._queries["number_of_servers"])[0][0])

    def busiest(self) -> Figure[Busiest | None]:
        """The programs and the users with the most processes on servers that are heard.

        Null: there are too many to count them in time.
        """

        def compute() -> Figure[Busiest | None]:
            now = self._silence.parameters()
            try:
                with part(_BUSIEST_SECONDS):
                    rows = self._rows(self._queries["busiest"], now | {"limit": _MAX_BUSIEST})
            except PartTimeoutError:
                return Figure(None, now["now"])
            programs, users = ([row[1:] for row in rows if row[0] == kind] for kind in (1, 2))
            return Figure(Busiest(programs, users), now["now"])

        return self._figures.get("busiest", compute)

    def users_of(self, criteria: ProcessFilter) -> Figure[Counts | None]:
        """The users that run these processes now, and how many each; null: too many to count."""
        return self._figure("users_of_program", "last_process_name", criteria, _counts)

    def programs_of(self, criteria: LoginFilter) -> Figure[Counts | None]:
        """The programs that these users run now, and as how many processes; likewise."""
        processes = ProcessFilter(username=criteria.username)
        return self._figure("programs_of_user", "last_process_name", processes, _counts)

    def commands(self, criteria: ProcessFilter, limit: int) -> Texts:
        """Executables and command lines of these programs, among those that were new last."""
        oldest = {"oldest_program": self._oldest("last_program")}
        parameters = criteria.parameters() | oldest | {"limit": limit}
        return self._rows(self._queries["commands_of_program"], parameters)

    def origins(self, criteria: LoginFilter, limit: int) -> Texts:
        """Terminals and origins of these users, among those that were new last."""
        oldest = {"oldest_account": self._oldest("last_account")}
        parameters = criteria.parameters() | oldest | {"limit": limit}
        return self._rows(self._queries["origins_of_user"], parameters)

    def runs(self, page: OccurrencePage[ProcessHistory], most: int) -> list[Run]:
        """The latest runs of each row of a page of a history, at most `most` a row."""
        query, found = self._queries["runs_of_program"], []
        with self._database.snapshot() as connection:
            for row, name_id in zip(page.rows, page.names, strict=True):
                place = {"server_id": row.server_id, "name_id": name_id, "limit": most}
                found += [Run(*each) for each in connection.execute(query, place)]
        return found

    def processes(self, criteria: ProcessFilter) -> Figure[Presence]:
        """Where these processes run and ever ran; the pid is ignored."""
        return self._figure("process_presence", "last_process_name", criteria, _presence)

    def logins(self, criteria: LoginFilter) -> Figure[Presence]:
        """Where these logins are open and ever were; the pid is ignored."""
        return self._figure("login_presence", "last_login_name", criteria, _presence)

    def _figure(
        self,
        query: str,
        last_name: str,
        criteria: Criteria,
        read: Callable[[list[Any], Callable[[int, int], bool]], T],
    ) -> Figure[T]:
        """last_name: the query of the newest id in the dictionary that is looked through.

        read: gets the rows, and what says whether there may be more than so many names and
        sightings.
        """

        def compute() -> Figure[T]:
            now = self._silence.parameters()
            oldest = 0 if criteria.is_exact else self._oldest(last_name)
            bounds = {"oldest_name": oldest, "most": self._most}
            rows = self._rows(self._queries[query], criteria.parameters() | now | bounds)

            def is_partial(names: int, sightings: int) -> bool:
                return oldest > 0 or max(names, sightings) >= self._most

            return Figure(read(rows, is_partial), now["now"])

        return self._figures.get((query, criteria), compute)

    def _oldest(self, last: str) -> int:
        """The id after which a pattern looks through a dictionary."""
        ((newest,),) = self._rows(self._queries[last])
        return max(0, (newest or 0) - _MAX_LOOKED_THROUGH)

    def _rows(self, query: str, parameters: Mapping[str, Any] | None = None) -> list[Any]:
        with self._database.snapshot() as connection:
            return connection.execute(query, parameters or {}).fetchall()


def _counts(rows: list[Any], is_partial: Callable[[int, int], bool]) -> Counts | None:
    (names, sightings, *_), *counted = rows
    return None if is_partial(names, sightings) else [row[2:] for row in counted]


def _presence(rows: list[Any], is_partial: Callable[[int, int], bool]) -> Presence:
    servers, running, silent, ever_on, first_at, last_at, running_on, *looked_at = rows[0]
    partial = is_partial(*looked_at)
    if partial:
        first_at = last_at = None
    # last_at is not kept up to date while anything is running.
    seen = FirstLastSeen(ever_on, first_at, None if running_on else last_at, partial)
    return Presence(Count(servers, running, silent, partial), seen)
