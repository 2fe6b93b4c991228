"""The fleet: every server now or at a moment, silent servers, and a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from itertools import islice, pairwise
from typing import Any, NamedTuple

from service import times
from service.errors import ServerNotFoundError
from service.store.engines import Connection, Database
from service.store.read.profiles import Difference, ProfileReader
from service.store.read.records import ServerRow, server_row
from service.times import HOUR, MINUTE

_INTERVALS = 5  # the usual interval of a server is the median of so many
_HOURS_SHOWN = 24
_MAX_SHOWN = 20
_MAX_BUSIEST = 10
_MAX_LATEST_NAMES = 500  # of the programs that were new last, as candidates for the news


@dataclass(frozen=True, slots=True)
class Silence:
    """When a server is silent: after so many of its usual intervals without a report."""

    minimum: int = 15 * MINUTE  # never sooner than that, in microseconds
    intervals: int = 3


@dataclass(frozen=True, slots=True)
class ServerFilter:
    """Selects servers; a null criterion selects all."""

    ipaddress: IPv4Network | IPv6Network | None = None
    nombre_so: str | None = None
    version_so: str | None = None
    arquitectura_proc: str | None = None
    q: str | None = None  # part of any text that identifies or describes a server, in any case
    silent: bool | None = None


@dataclass(frozen=True, slots=True)
class ServerState:
    """A server at a moment: its newest record then, and whether it was silent."""

    server_id: int
    record: ServerRow
    heard_at: int  # now: the last arrival of any report; in the past: when the record was taken
    silent: bool


@dataclass(frozen=True, slots=True)
class FleetPage:
    """Some servers; `after` is the cursor of the next page, null on the last page."""

    servers: list[ServerState]
    after: int | None


class News(NamedTuple):
    """Something that is new to the fleet."""

    kind: str  # servidor_nuevo, servidor_cambia, programa_nuevo, usuario_nuevo
    at: int  # when the report that showed it was taken
    server_id: int
    id_serv: int
    ip_server: str
    nombre_host: str | None
    subject: str | None  # the program or the user
    changed: tuple[Difference, ...]  # of the server


@dataclass(frozen=True, slots=True)
class Summary:
    """Figures of the whole fleet."""

    at: int
    servers: int
    silent: int
    longest_silent: list[ServerState]  # at most 20, the longest first
    systems: list[tuple[str, str, int]]  # nombre_so, version_so, servers
    architectures: list[tuple[str, int]]
    reports_an_hour: list[tuple[int, int]]  # start of the hour, reports; the last hour is not over
    programs: list[tuple[str | None, int]]  # name, running processes; the most first
    users: list[tuple[str | None, int]]  # username, running processes; the most first
    news: list[News]  # the newest first


class FleetStore:
    def __init__(
        self,
        database: Database,
        queries: Mapping[str, str],
        clock: Callable[[], int] = times.now,
        silence: Silence = Silence(),
    ) -> None:
        self._database = database
        self._queries = queries
        self._profiles = ProfileReader(queries)
        self._clock = clock
        self._silence = silence

    def page(self, criteria: ServerFilter, moment: int | None, after: int, limit: int) -> FleetPage:
        """Servers in the order of their first contact, now or as they were known at a moment."""
        with self._database.snapshot() as connection:
            found = (
                state
                for state in self._states(connection, moment, after)
                if _is_selected(state, criteria)
            )
            servers = list(islice(found, limit + 1))
        more = len(servers) > limit
        shown = servers[:limit]
        return FleetPage(shown, shown[-1].server_id if more else None)

    def server(self, server_id: int, moment: int | None) -> ServerState:
        """Raises ServerNotFoundError if the server is not known, or was not known at the moment."""
        with self._database.snapshot() as connection:
            state = next(self._states(connection, moment, server_id - 1), None)
            if state is None or state.server_id != server_id:
                raise ServerNotFoundError(server_id)
            return state

    def summary(self) -> Summary:
        now = self._clock()
        with self._database.snapshot() as connection:
            outline = connection.execute(self._queries["fleet_outline"]).fetchall()
            silent = sorted(
                (heard_at, server_id)
                for server_id, heard_at, *_ in outline
                if self._is_silent(connection, server_id, heard_at, now, times.LAST)
            )
            longest = [
                next(self._states(connection, None, server_id - 1))
                for _, server_id in silent[:_MAX_SHOWN]
            ]
            busiest = {"limit": _MAX_BUSIEST}
            return Summary(
                at=now,
                servers=len(outline),
                silent=len(silent),
                longest_silent=longest,
                systems=[
                    (*system, servers)
                    for system, servers in _most_first(Counter(row[2:4] for row in outline))
                ],
                architectures=_most_first(Counter(row[4] for row in outline)),
                reports_an_hour=self._reports_an_hour(connection, now),
                programs=connection.execute(self._queries["busiest_programs"], busiest).fetchall(),
                users=connection.execute(self._queries["busiest_users"], busiest).fetchall(),
                news=self._news(connection),
            )

    def _states(
        self, connection: Connection, moment: int | None, after: int
    ) -> Iterator[ServerState]:
        """The servers after this one, read one by one as they are consumed."""
        if moment is None:
            rows = connection.execute(self._queries["fleet_now"], {"after": after})
            now, known_until = self._clock(), times.LAST
        else:
            place = {"after": after, "moment": moment}
            rows = connection.execute(self._queries["fleet_at"], place)
            now, known_until = moment, moment
        for server_id, heard_at, *record in rows:
            silent = self._is_silent(connection, server_id, heard_at, now, known_until)
            yield ServerState(server_id, server_row(record), heard_at, silent)

    def _is_silent(
        self,
        connection: Connection,
        server_id: int,
        heard_at: int,
        now: int,
        known_until: int,
    ) -> bool:
        quiet = now - heard_at
        if quiet <= self._silence.minimum:
            return False
        rows = connection.execute(
            self._queries["latest_report_times"],
            {"server_id": server_id, "moment": known_until, "limit": _INTERVALS + 1},
        ).fetchall()
        intervals = sorted(later - earlier for (later,), (earlier,) in pairwise(rows))
        usual = intervals[len(intervals) // 2] if intervals else 0
        return quiet > self._silence.intervals * usual

    def _reports_an_hour(self, connection: Connection, now: int) -> list[tuple[int, int]]:
        this_hour = now // HOUR
        hours = range(this_hour - _HOURS_SHOWN + 1, this_hour + 1)
        counted: dict[int, int] = dict(
            connection.execute(self._queries["arrivals_by_hour"], {"first": hours[0]})
        )
        return [(hour * HOUR, counted.get(hour, 0)) for hour in hours]

    def _news(self, connection: Connection) -> list[News]:
        latest = {"limit": _MAX_SHOWN}
        changes = connection.execute(self._queries["latest_profile_changes"], latest).fetchall()
        news = []
        for id_serv, taken_at, server_id, ip_server, host, profile_id, former_id in changes:
            kind = "servidor_nuevo" if former_id is None else "servidor_cambia"
            changed = tuple(self._profiles.differences(connection, former_id, profile_id))
            if changed or former_id is None:
                news.append(
                    News(kind, taken_at, server_id, id_serv, ip_server, host, None, changed)
                )
        names = {
            "programa_nuevo": self._queries["latest_programs"],
            "usuario_nuevo": self._queries["latest_users"],
        }
        for kind, query in names.items():
            rows = connection.execute(query, latest | {"latest": _MAX_LATEST_NAMES})
            news += [News._make((kind, *row, ())) for row in rows]
        news.sort(key=lambda item: item.at, reverse=True)
        return news[:_MAX_SHOWN]


def _is_selected(state: ServerState, criteria: ServerFilter) -> bool:
    record = state.record
    return (
        (criteria.silent is None or state.silent == criteria.silent)
        and (criteria.nombre_so is None or record.nombre_so == criteria.nombre_so)
        and (criteria.version_so is None or record.version_so == criteria.version_so)
        and (
            criteria.arquitectura_proc is None
            or record.arquitectura_proc == criteria.arquitectura_proc
        )
        and (criteria.ipaddress is None or ip_address(record.ipaddress) in criteria.ipaddress)
        and (criteria.q is None or _contains(record, criteria.q.casefold()))
    )


def _contains(record: ServerRow, text: str) -> bool:
    return any(
        text in value.casefold()
        for value in (
            record.nombre_host,
            record.ipaddress,
            record.nombre_so,
            record.version_so,
            record.arquitectura_proc,
            record.marca_proc,
            record.id_maquina,
        )
        if value is not None
    )


def _most_first(counter: Counter[Any]) -> list[tuple[Any, int]]:
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))
