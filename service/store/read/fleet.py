"""The fleet: every server now or at a moment, silent servers, and a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from service.errors import ServerNotFoundError
from service.store.engines import MAX_INTEGER, Connection, Database
from service.store.read.moments import (
    NO_LATE_RECORDS,
    LateRecords,
    Moment,
    MomentReader,
    is_within,
)
from service.store.read.profiles import Difference, ProfileReader
from service.store.read.records import ServerRow, server_row
from service.store.read.server_filter import ServerFilter
from service.store.read.silence import DEFAULT_SILENCE, Silence
from service.store.read.support import SupportCalendar, SupportOnDay, SupportReader
from service.store.read.usage_stats import Counts, UsageStore
from service.times import HOUR, MINUTE

_HOURS_SHOWN = 24
_MAX_SHOWN = 20
_MAX_BUSIEST = 10
_MAX_LATEST_NAMES = 500  # of the programs that were new last, as candidates for the news
_OUR_CLOCK_BACK = MINUTE  # between an arrival and now


@dataclass(frozen=True, slots=True)
class ServerState:
    """A server at a moment: the record shown, and whether the server was silent."""

    server_id: int
    record: ServerRow
    # Now: the last arrival in order. In the past: the place of the record shown. With known_at: the
    # last arrival in order until then, null if there was none.
    heard_at: int | None
    silent: bool
    retired: bool
    open: bool  # no later record in order ends the moment
    has_late: bool  # late records lie beside the one shown
    support: str  # of its system on that day: one of SUPPORT_STATES


@dataclass(frozen=True, slots=True)
class FleetPage:
    """Some servers; `after` is the cursor of the next page, null on the last page."""

    at: int  # at which silence is judged
    servers: list[ServerState]
    after: int | None
    late: LateRecords  # beside the records shown


class News(NamedTuple):
    """Something that is new to the fleet."""

    # servidor_nuevo, servidor_cambia, servidor_retirado, servidor_vuelve,
    # programa_nuevo, usuario_nuevo
    kind: str
    at: int  # the place in time of the report that showed it; when it was retired, or came back
    server_id: int
    id_serv: int
    ip_server: str
    nombre_host: str | None
    subject: str | None  # the program or the user; why it was retired
    changed: tuple[Difference, ...]  # of the server


@dataclass(frozen=True, slots=True)
class Summary:
    """Figures of the whole fleet, without the servers that are retired."""

    at: int
    servers: int
    silent: int
    retired: int
    longest_silent: list[ServerState]  # at most 20, the longest first
    systems: list[tuple[str, str, int]]  # nombre_so, version_so, servers
    architectures: list[tuple[str, int]]
    reports_an_hour: list[tuple[int, int]]  # start of the hour, reports; the last hour is not over
    programs: Counts | None  # names, the most first; null: too many to count them in time
    users: Counts | None  # likewise
    support: dict[str, int]  # servers that are heard, by what holds of their systems today
    counted_at: int  # when programs and users were counted, at most some seconds before
    news: list[News]  # the newest first
    # When the last report of all arrived, if that is a minute or more after now.
    our_clock_was_ahead: int | None


class _View(NamedTuple):
    """Which servers are asked for, and as of when. at: when silence and support are judged."""

    criteria: ServerFilter
    moment: Moment | None
    now: dict[str, int]
    at: int
    support: SupportOnDay


class FleetStore:
    def __init__(
        self,
        database: Database,
        queries: Mapping[str, str],
        usage: UsageStore,
        silence: Silence = DEFAULT_SILENCE,
        support: SupportCalendar | None = None,
    ) -> None:
        self._database = database
        self._queries = queries
        self._usage = usage
        self._profiles = ProfileReader(queries)
        self._support = SupportReader(queries, support)
        self._moments = MomentReader(queries, silence)
        self._silence = silence

    def page(
        self, criteria: ServerFilter, moment: Moment | None, after: int, limit: int
    ) -> FleetPage:
        """Servers in the order of their first contact, now or as they were shown at a moment."""
        with self._database.snapshot() as connection:
            view = self._view(connection, criteria, moment)
            places = self._places(connection, criteria, moment, after)
            found = (
                state
                for place in places
                for state in self._states(connection, view, place)
                if criteria.selects(state.record) and criteria.support in {None, state.support}
            )
            servers = list(islice(found, limit + 1))
            more = len(servers) > limit
            shown = servers[:limit]
            late = self._late_records(connection, moment, {state.server_id for state in shown})
        return FleetPage(view.at, shown, shown[-1].server_id if more else None, late)

    def server(self, server_id: int, moment: Moment | None) -> ServerState:
        """Raises ServerNotFoundError if the server is not known, or was not known at the moment."""
        with self._database.snapshot() as connection:
            view = self._view(connection, ServerFilter(retired=None), moment)
            state = next(self._states(connection, view, (server_id, server_id)), None)
            if state is None:
                raise ServerNotFoundError(server_id)
            return state

    def late_records(self, server_id: int, moment: Moment | None) -> LateRecords:
        """The late records of a server beside the one shown at a moment."""
        with self._database.snapshot() as connection:
            return self._late_records(connection, moment, {server_id})

    def summary(self) -> Summary:
        busiest = self._usage.busiest()
        with self._database.snapshot() as connection:
            view = self._view(connection, ServerFilter(), None)
            outline = connection.execute(self._queries["fleet_outline"], view.now).fetchall()
            silent = sorted((row[1], row[0]) for row in outline if row[2])
            longest = [
                next(self._states(connection, view, (server_id, server_id)))
                for _, server_id in silent[:_MAX_SHOWN]
            ]
            (arrived,) = connection.execute(self._queries["last_arrival"]).fetchone()
            (retired,) = connection.execute(self._queries["number_of_retired"]).fetchone()
            return Summary(
                at=view.at,
                servers=len(outline),
                silent=len(silent),
                retired=retired,
                longest_silent=longest,
                systems=[
                    (*system, servers)
                    for system, servers in _most_first(Counter(row[3:5] for row in outline))
                ],
                architectures=_most_first(Counter(row[5] for row in outline)),
                reports_an_hour=self._reports_an_hour(connection, view.at),
                programs=busiest.value and busiest.value.programs[:_MAX_BUSIEST],
                users=busiest.value and busiest.value.users[:_MAX_BUSIEST],
                support=Counter(
                    view.support.of(row[0], row[3], row[4]) for row in outline if not row[2]
                ),
                counted_at=busiest.at,
                news=self.news(connection),
                our_clock_was_ahead=arrived if (arrived or 0) > view.at + _OUR_CLOCK_BACK else None,
            )

    def _places(
        self, connection: Connection, criteria: ServerFilter, moment: Moment | None, after: int
    ) -> Iterator[tuple[int, int]]:
        """The first and the last server of each part of the fleet where some may be selected."""
        first = min(after, MAX_INTEGER - 1) + 1  # a cursor may be any number
        if moment is None or criteria.silent is None:
            yield first, MAX_INTEGER
            return
        # Whether it was silent then is told without its record.
        for server_id in self._moments.servers(
            connection, moment, (first, MAX_INTEGER), silent=criteria.silent
        ):
            yield server_id, server_id

    def _view(self, connection: Connection, criteria: ServerFilter, moment: Moment | None) -> _View:
        now = self._silence.parameters()
        at = now["now"] if moment is None else self._moments.judged_at(moment)
        return _View(criteria, moment, now, at, self._support.on_day(connection, moment, at))

    def _states(
        self, connection: Connection, view: _View, servers: tuple[int, int]
    ) -> Iterator[ServerState]:
        """The servers, from the first to the last, read one by one as they are consumed."""
        place = view.criteria.parameters(view.moment) | {"first": servers[0], "last": servers[1]}
        if view.moment is None:
            rows = connection.execute(self._queries["fleet_now"], place | view.now)
            for server_id, heard_at, silent, retired, *record in rows:
                row = server_row(record)
                yield ServerState(
                    server_id,
                    row,
                    heard_at,
                    bool(silent),
                    bool(retired),
                    open=True,
                    has_late=False,
                    support=view.support.of(server_id, row.nombre_so, row.version_so),
                )
        else:
            rows = connection.execute(self._queries["fleet_at"], place | view.moment.parameters())
            for server_id, shown_at, next_at, late_at, retired, *record in rows:
                standing = self._moments.standing(connection, server_id, view.moment, shown_at)
                row = server_row(record)
                yield ServerState(
                    server_id,
                    row,
                    standing.heard_at,
                    standing.silent,
                    bool(retired),
                    open=next_at is None,
                    has_late=is_within(late_at, next_at),
                    support=view.support.of(server_id, row.nombre_so, row.version_so),
                )

    def _late_records(
        self, connection: Connection, moment: Moment | None, servers: Collection[int]
    ) -> LateRecords:
        if moment is None or not servers:
            return NO_LATE_RECORDS
        found = self._moments.late_records(connection, moment, min(servers), max(servers))
        return LateRecords.first_of(each for each in found if each.server_id in servers)

    def _reports_an_hour(self, connection: Connection, now: int) -> list[tuple[int, int]]:
        this_hour = now // HOUR
        hours = range(this_hour - _HOURS_SHOWN + 1, this_hour + 1)
        counted: dict[int, int] = dict(
            connection.execute(self._queries["arrivals_by_hour"], {"first": hours[0]})
        )
        return [(hour * HOUR, counted.get(hour, 0)) for hour in hours]

    def news(self, connection: Connection) -> list[News]:
        """What is new to the fleet, the newest first; at most 20. connection: of a snapshot."""
        latest = {"limit": _MAX_SHOWN}
        changes = connection.execute(self._queries["latest_profile_changes"], latest).fetchall()
        told = connection.execute(self._queries["latest_retirements"], latest)
        news = [News._make((*row, ())) for row in told]
        for id_serv, placed_at, server_id, ip_server, host, profile_id, former_id in changes:
            kind = "servidor_nuevo" if former_id is None else "servidor_cambia"
            changed = tuple(self._profiles.differences(connection, former_id, profile_id))
            if changed or former_id is None:
                news.append(
                    News(kind, placed_at, server_id, id_serv, ip_server, host, None, changed)
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


def _most_first(counter: Counter[Any]) -> list[tuple[Any, int]]:
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))
