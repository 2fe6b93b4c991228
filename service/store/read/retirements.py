"""Retired servers: which are, since when and why, and what the evaluator has to judge of it.

A server is retired from when it was told until its next report in order arrives.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from service.store.engines import MAX_INTEGER, Connection, Database
from service.store.read.moments import Moment
from service.store.read.silence import DEFAULT_SILENCE, Silence
from service.store.read.tags import Before, TagEvent, TagReader
from service.store.verdict_rows import Bound, Cursor, event_bound

_MARK = "baja"


class Retirement(NamedTuple):
    """at: microseconds. successor_id: the server that took its place.

    back_report_id: the report that brought it back; null while it is retired.
    """

    server_id: int
    at: int
    reason: str
    told_by: str | None
    successor_id: int | None
    back_report_id: int | None


class RetirementEvent(NamedTuple):
    """A server was retired, as an event of the evaluator."""

    bound: Bound


class SilentServer(NamedTuple):
    """A server that is silent. heard_at: when its last report in order arrived."""

    id: int
    heard_at: int


class RetirementTime(NamedTuple):
    """When a server was retired, and the last report of all servers before."""

    at: int
    server_id: int
    after_report_id: int


def retirement_bound(at: int) -> Bound:
    """The retirement of a server as an end of spans."""
    return event_bound(_MARK, at, at)


def is_retired(cursor: Cursor) -> bool:
    """Whether the server was retired after the last report that was judged of it."""
    return cursor.event is not None and (cursor.event.mark or "").startswith(f"{_MARK} ")


class RetirementReader:
    """Its methods take a snapshot."""

    def __init__(self, queries: Mapping[str, str]) -> None:
        self._queries = queries

    def next_event(
        self, connection: Connection, cursor: Cursor, before: Before
    ) -> RetirementEvent | None:
        """The retirement of a server after its cursor, if there is one."""
        if is_retired(cursor):
            return None
        place = {"server_id": cursor.server_id, "seq": cursor.seq, **before._asdict()}
        row = connection.execute(self._queries["next_retirement"], place).fetchone()
        if row is None:
            return None
        # One that was restored from the audit log is an event when it comes back.
        heard = [bound.received_at for bound in (cursor.event, cursor.tag) if bound is not None]
        at = max(row[0], *heard) if heard else row[0]
        return RetirementEvent(retirement_bound(at))

    def servers_with_new(self, connection: Connection, told_until: int) -> list[int]:
        """Servers that were retired until then, and whose next event that is."""
        rows = connection.execute(self._queries["servers_to_retire"], {"told_until": told_until})
        return [server for (server,) in rows]

    def times(self, connection: Connection, told_until: int) -> list[RetirementTime]:
        """When servers were retired until then, in that order."""
        parameters = {"told_until": told_until}
        rows = connection.execute(self._queries["times_of_retirements"], parameters)
        return [RetirementTime(*row) for row in rows]


def next_told(
    connection: Connection,
    tags: TagReader,
    retirements: RetirementReader,
    cursor: Cursor,
    before: Before,
) -> TagEvent | RetirementEvent | None:
    """What was told of a server after its cursor first, if there is something."""
    tag = tags.next_event(connection, cursor, before)
    retired = retirements.next_event(connection, cursor, before)
    if tag is None or retired is None:
        return tag or retired
    return retired if retired.bound.received_at < tag.bound.received_at else tag


class RetirementStore:
    """Answers which servers are retired. Its methods raise StorageUnavailableError."""

    def __init__(
        self,
        database: Database,
        queries: Mapping[str, str],
        silence: Silence = DEFAULT_SILENCE,
    ) -> None:
        self._database, self._queries, self._silence = database, queries, silence

    def silent(self) -> list[SilentServer]:
        """The servers that are silent and not retired."""
        with self._database.snapshot() as connection:
            query = self._queries["silent_servers"]
            rows = connection.execute(query, self._silence.parameters()).fetchall()
        return [SilentServer(*row) for row in rows]

    def likely_successors(self, server_id: int | None = None) -> dict[int, int]:
        """Of each silent server the one that seems to be the same machine, installed anew.

        It has its host name and another identity, and was heard later. server_id: only that server,
        on either side.
        """
        parameters = self._silence.parameters() | {"server_id": server_id}
        found: dict[int, int] = {}
        with self._database.snapshot() as connection:
            for old, new in connection.execute(self._queries["likely_successors"], parameters):
                found.setdefault(old, new)
        return found

    def of_server(self, server_id: int, moment: Moment | None = None) -> list[Retirement]:
        """Its retirements, and those of servers whose place it took; the newest first.

        As of now, or as it was at a moment.
        """
        at, known_at = moment or (MAX_INTEGER, None)
        until = min(at, MAX_INTEGER if known_at is None else known_at)
        query, parameters = self._queries["retirements_of_server"], {"server_id": server_id}
        with self._database.snapshot() as connection:
            rows = connection.execute(query, parameters | {"until": until}).fetchall()
        return [Retirement(*row) for row in rows]

    def now(self) -> list[Retirement]:
        """The servers that are retired, the newest first."""
        with self._database.snapshot() as connection:
            query = self._queries["retirements_in_force"]
            rows = connection.execute(query, {"until": MAX_INTEGER}).fetchall()
        return [Retirement(*row) for row in rows]
