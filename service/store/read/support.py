"""Whether the systems of servers are supported, now or on the day of a moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from service import times
from service.end_of_life import UNKNOWN
from service.store.engines import Connection
from service.store.read.moments import Moment
from service.store.read.tags import TagReader, Told

_CONTRACTS = "soporte"  # a tag

# One of SUPPORT_STATES, by a system, its version, contracts or none, and a day.
SupportCalendar = Callable[[str, str, str | None, str], str]


class SupportOnDay(NamedTuple):
    """contracts: by server, those that its tag names."""

    calendar: SupportCalendar
    day: str
    contracts: Mapping[int, str]

    def of(self, server_id: int, system: str, version: str) -> str:
        return self.calendar(system, version, self.contracts.get(server_id), self.day)


class SupportReader:
    def __init__(self, queries: Mapping[str, str], calendar: SupportCalendar | None) -> None:
        """calendar: without one, nothing is known."""
        self._tags = TagReader(queries)
        self._calendar = calendar or (lambda *_: UNKNOWN)

    def on_day(self, connection: Connection, moment: Moment | None, at: int) -> SupportOnDay:
        """at: on whose day it is judged. Contracts are those that were known at the moment."""
        contracts = self._tags.values_of(connection, _CONTRACTS, Told.at(moment))
        return SupportOnDay(self._calendar, times.to_text(at)[:10], contracts)
