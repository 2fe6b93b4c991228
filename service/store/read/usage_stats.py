"""Figures about programs and users over the whole fleet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from service.store.engines import Database
from service.store.read.name_filters import LoginFilter, ProcessFilter
from service.store.read.occurrences import history_place
from service.store.read.silence import DEFAULT_SILENCE, Silence


class FirstLastSeen(NamedTuple):
    """On how many servers, and when, something was ever seen."""

    servers: int
    first_at: int | None  # the place in time of the first record that shows it; null if none does
    last_at: int | None  # that of the last one; null while any is running


class Run(NamedTuple):
    """Consecutive reports of a server that show a program, from the first to the last."""

    server_id: int
    first_at: int
    last_at: int


class UsageStore:
    def __init__(
        self, database: Database, queries: Mapping[str, str], silence: Silence = DEFAULT_SILENCE
    ) -> None:
        self._database = database
        self._queries = queries
        self._silence = silence

    def servers(self) -> int:
        """The number of known servers."""
        return int(self._rows(self._queries["number_of_servers"])[0][0])

    def users_of(self, criteria: ProcessFilter) -> list[tuple[str | None, int]]:
        """The users that run these processes now, and how many each; the most first."""
        return self._rows_of_now("users_of_program", criteria)

    def programs_of(self, criteria: LoginFilter) -> list[tuple[str | None, int]]:
        """The programs that these users run now, and as how many processes; the most first."""
        return self._rows_of_now("programs_of_user", criteria)

    def commands(self, criteria: ProcessFilter, limit: int) -> list[tuple[str | None, str | None]]:
        """Executables and command lines of these programs, among those that were new last."""
        parameters = criteria.parameters() | {"limit": limit}
        return self._rows(self._queries["commands_of_program"], parameters)

    def origins(self, criteria: LoginFilter, limit: int) -> list[tuple[str | None, str | None]]:
        """Terminals and origins of these users, among those that were new last."""
        parameters = criteria.parameters() | {"limit": limit}
        return self._rows(self._queries["origins_of_user"], parameters)

    def runs(self, criteria: ProcessFilter, after: int, limit: int, most: int) -> list[Run]:
        """The latest runs of each row of the same page of `history`, at most `most` a row."""
        page = {**history_place(after), "limit": limit, "others": most - 1}
        parameters = criteria.parameters() | page
        return [Run(*row) for row in self._rows(self._queries["runs_of_program"], parameters)]

    def processes(self, criteria: ProcessFilter) -> FirstLastSeen:
        return _first_last_seen(*self._rows_of_now("process_first_last_seen", criteria)[0])

    def logins(self, criteria: LoginFilter) -> FirstLastSeen:
        return _first_last_seen(*self._rows_of_now("login_first_last_seen", criteria)[0])

    def _rows_of_now(self, query: str, criteria: ProcessFilter | LoginFilter) -> list[Any]:
        parameters = criteria.parameters() | self._silence.parameters()
        return self._rows(self._queries[query], parameters)

    def _rows(self, query: str, parameters: Mapping[str, Any] | None = None) -> list[Any]:
        with self._database.snapshot() as connection:
            return connection.execute(query, parameters or {}).fetchall()


def _first_last_seen(
    servers: int, first_at: int | None, last_at: int | None, running_on: int
) -> FirstLastSeen:
    # last_at is not kept up to date while anything is running.
    return FirstLastSeen(servers, first_at, None if running_on else last_at)
