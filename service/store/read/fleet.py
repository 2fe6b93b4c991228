"""The fleet as a whole: every server now or at a moment, who is silent, and a picture of it all."""

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

_MINUTE = 60_000_000  # microseconds
_HOUR = 60 * _MINUTE
_INTERVALS = 5  # of a server's last ones, the median is its usual one
_HOURS_SHOWN = 24
_MOST_SHOWN = 20
_BUSIEST = 10
_LATEST_NAMES = 500  # so many of the programs that came up last are looked at for the news


@dataclass(frozen=True, slots=True)
class Silence:
    """A server is silent when it has not been heard for so many of its usual intervals."""

    least: int = 15 * _MINUTE  # however often it reports
    intervals: int = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which servers; what is null does not matter."""

    ipaddress: IPv4Network | IPv6Network | None = None
    nombre_so: str | None = None
    version_so: str | None = None
    arquitectura_proc: str | None = None
    q: str | None = None  # in any case, anywhere in what identifies or describes a server
    silent: bool | None = None


@dataclass(frozen=True, slots=True)
class ServerState:
    """A server at a moment: its newest record then, and whether it had fallen silent."""

    server_id: int
    record: ServerRow
    heard_at: int  # now: when anything of it last arrived; in the past: when the record was taken
    silent: bool


@dataclass(frozen=True, slots=True)
class FleetPage:
    """Some servers; those after `after` stand on the next page, if it is not null."""

    servers: list[ServerState]
    after: int | None


class News(NamedTuple):
    """Something that the fleet had not seen before."""

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
    """Counts for a picture of the fleet."""

    at: int
    servers: int
    silent: int
    longest_silent: list[ServerState]  # the longest first
    systems: list[tuple[str, str, int]]  # nombre_so, version_so, servers
    architectures: list[tuple[str, int]]
    reports_an_hour: list[tuple[int, int]]  # when the hour began, how many; the last goes on
    programs: list[tuple[str | None, int]]  # the name, and how many processes
    users: list[tuple[str | None, int]]  # likewise
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

    def page(self, wanted: Wanted, moment: int | None, after: int, limit: int) -> FleetPage:
        """The servers in the order of their first contact; those that were known at the moment."""
        with self._database.snapshot() as connection:
            found = (
                state
                for state in self._states(connection, moment, after)
                if _is_wanted(state, wanted)
            )
            servers = list(islice(found, limit + 1))
        more = len(servers) > limit
        shown = servers[:limit]
        return FleetPage(shown, shown[-1].server_id if more else None)

    def server(self, server_id: int, moment: int | None) -> ServerState:
        """Raises ServerNotFoundError for one that is not known, or was not yet at the moment."""
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
                for _, server_id in silent[:_MOST_SHOWN]
            ]
            most = {"limit": _BUSIEST}
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
                programs=connection.execute(self._queries["busiest_programs"], most).fetchall(),
                users=connection.execute(self._queries["busiest_users"], most).fetchall(),
                news=self._news(connection),
            )

    def _states(
        self, connection: Connection, moment: int | None, after: int
    ) -> Iterator[ServerState]:
        """The servers after this one, looked up one by one as they are taken."""
        query = self._queries["fleet_now" if moment is None else "fleet_at"]
        now = self._clock() if moment is None else moment
        known_until = times.LAST if moment is None else moment
        for server_id, heard_at, *record in connection.execute(
            query, {"after": after} if moment is None else {"after": after, "moment": moment}
        ):
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
        if quiet <= self._silence.least:
            return False
        rows = connection.execute(
            self._queries["last_times"],
            {"server_id": server_id, "moment": known_until, "limit": _INTERVALS + 1},
        ).fetchall()
        intervals = sorted(later - earlier for (later,), (earlier,) in pairwise(rows))
        usual = intervals[len(intervals) // 2] if intervals else 0
        return quiet > self._silence.intervals * usual

    def _reports_an_hour(self, connection: Connection, now: int) -> list[tuple[int, int]]:
        this_hour = now // _HOUR
        hours = range(this_hour - _HOURS_SHOWN + 1, this_hour + 1)
        counted: dict[int, int] = dict(
            connection.execute(self._queries["arrivals"], {"first": hours[0]})
        )
        return [(hour * _HOUR, counted.get(hour, 0)) for hour in hours]

    def _news(self, connection: Connection) -> list[News]:
        most = {"limit": _MOST_SHOWN}
        changes = connection.execute(self._queries["latest_profile_changes"], most).fetchall()
        news = []
        for id_serv, taken_at, server_id, ip_server, host, profile_id, former_id in changes:
            kind = "servidor_nuevo" if former_id is None else "servidor_cambia"
            changed = tuple(self._profiles.differences(connection, former_id, profile_id))
            if changed or former_id is None:
                news.append(
                    News(kind, taken_at, server_id, id_serv, ip_server, host, None, changed)
                )
        names = {"programa_nuevo": "latest_programs", "usuario_nuevo": "latest_users"}
        for kind, query in names.items():
            rows = connection.execute(self._queries[query], most | {"latest": _LATEST_NAMES})
            news += [News._make((kind, *row, ())) for row in rows]
        news.sort(key=lambda item: item.at, reverse=True)
        return news[:_MOST_SHOWN]


def _is_wanted(state: ServerState, wanted: Wanted) -> bool:
    record = state.record
    return (
        (wanted.silent is None or state.silent == wanted.silent)
        and (wanted.nombre_so is None or record.nombre_so == wanted.nombre_so)
        and (wanted.version_so is None or record.version_so == wanted.version_so)
        and (
            wanted.arquitectura_proc is None or record.arquitectura_proc == wanted.arquitectura_proc
        )
        and (wanted.ipaddress is None or ip_address(record.ipaddress) in wanted.ipaddress)
        and (wanted.q is None or _says(record, wanted.q.casefold()))
    )


def _says(record: ServerRow, text: str) -> bool:
    return any(
        text in said.casefold()
        for said in (
            record.nombre_host,
            record.ipaddress,
            record.nombre_so,
            record.version_so,
            record.arquitectura_proc,
            record.marca_proc,
            record.id_maquina,
        )
        if said is not None
    )


def _most_first(counter: Counter[Any]) -> list[tuple[Any, int]]:
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))
