"""How much of something there is and was over the whole fleet: the figures beside sightings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from service.store.engines import Database
from service.store.read.occurrences import Matching, place_of, wanted


class FirstLastSeen(NamedTuple):
    """Where and when something was ever seen."""

    servers: int
    first_at: int | None  # when the first record that shows it was taken; null where none does
    last_at: int | None  # and the last one; null as long as it is there


class Run(NamedTuple):
    """From the first to the last of some reports in a row that show a program."""

    server_id: int
    first_at: int
    last_at: int


class UsageStore:
    def __init__(self, database: Database, queries: Mapping[str, str]) -> None:
        self._database = database
        self._queries = queries

    def servers(self) -> int:
        """How many are known."""
        return int(self._all("number_of_servers")[0][0])

    def users_of(self, matching: Matching) -> list[tuple[str | None, int]]:
        """As which users these programs run now, and as how many processes; the most first."""
        return self._all("users_of_program", matching)

    def programs_of(self, matching: Matching) -> list[tuple[str | None, int]]:
        """What runs now as these users, and as how many processes; the most first."""
        return self._all("programs_of_user", matching)

    def commands(self, matching: Matching, limit: int) -> list[tuple[str | None, str | None]]:
        """Executables and command lines of these programs, among the latest that came up."""
        return self._all("commands_of_program", matching, limit=limit)

    def origins(self, matching: Matching, limit: int) -> list[tuple[str | None, str | None]]:
        """Terminals and addresses of these users, among the latest that came up."""
        return self._all("origins_of_user", matching, limit=limit)

    def runs(self, matching: Matching, after: int, limit: int, most: int) -> list[Run]:
        """The latest runs, at most so many each, of what the same page of `ever` tells."""
        place = {**place_of(after), "limit": limit, "others": most - 1}
        return [Run(*row) for row in self._all("runs_of_program", matching, **place)]

    def processes(self, matching: Matching) -> FirstLastSeen:
        return self._extent("process_extent", matching)

    def logins(self, matching: Matching) -> FirstLastSeen:
        return self._extent("login_extent", matching)

    def _extent(self, query: str, matching: Matching) -> FirstLastSeen:
        servers, first_at, last_at, running = self._all(query, matching)[0]
        # As long as something runs, the time of its last sighting is not kept up to date.
        return FirstLastSeen(servers, first_at, None if running else last_at)

    def _all(
        self, query: str, matching: Matching | None = None, **more: int
    ) -> list[tuple[Any, ...]]:
        parameters = (wanted(matching) if matching else {}) | more
        with self._database.snapshot() as connection:
            return connection.execute(self._queries[query], parameters).fetchall()
