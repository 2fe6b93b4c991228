"""When a rule was waived on a server, as it was known then: for back-tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from service.store.engines import MAX_INTEGER, Connection, Database
from service.store.read.tags import TagReader
from service.store.read.waivers import Waiver, covers
from service.store.verdict_rows import Violation


class _Span(NamedTuple):
    """From when to when a waiver covered a server. Microseconds."""

    since: int
    until: int
    waiver: Waiver


class WaiverHistory:
    """Of one rule. Raises StorageUnavailableError, also where it is asked."""

    def __init__(self, database: Database, queries: Mapping[str, str], rule: str) -> None:
        self._database, self._queries = database, queries
        self._spans: dict[int, list[_Span]] = {}  # by server
        wanted = {"rule": rule, "told_until": MAX_INTEGER}
        with database.snapshot() as connection:
            rows = connection.execute(queries["waivers_of_rule"], wanted).fetchall()
        self._waivers = [Waiver(*row) for row in rows]

    def waived_until(self, violation: Violation, at: int) -> int:
        """From when on a violation is not waived, at that time or later."""
        spans = self._of(violation.server_id)
        while True:
            covering = [
                span.until
                for span in spans
                if span.since <= at < span.until
                and covers(span.waiver, violation.kind, violation.key)
            ]
            if not covering:
                return at
            at = max(covering)

    def _of(self, server_id: int) -> list[_Span]:
        if server_id not in self._spans:
            found = []
            if self._waivers:
                with self._database.snapshot() as connection:
                    found = [
                        _Span(max(since, waiver.at), min(until, waiver.ends_at), waiver)
                        for waiver in self._waivers
                        for since, until in self._when(connection, waiver, server_id)
                    ]
            self._spans[server_id] = [span for span in found if span.since < span.until]
        return self._spans[server_id]

    def _when(
        self, connection: Connection, waiver: Waiver, server_id: int
    ) -> Iterator[tuple[int, int]]:
        """From when to when the server was one of those that a waiver is about."""
        if waiver.server_id is not None:
            if waiver.server_id == server_id:
                yield 0, MAX_INTEGER
        elif waiver.network is None:
            for tag, until_at in TagReader(self._queries).spans(connection, server_id, MAX_INTEGER):
                if (tag.key, tag.value) == (waiver.tag_key, waiver.tag_value):
                    yield tag.told_at, MAX_INTEGER if until_at is None else until_at
        else:
            yield from self._in_network(connection, waiver.network, server_id)

    def _in_network(
        self, connection: Connection, text: str, server_id: int
    ) -> Iterator[tuple[int, int]]:
        network, since = ip_network(text), None
        query = self._queries["addresses_of_server"]
        for at, address in connection.execute(query, {"server_id": server_id}).fetchall():
            if ip_address(address) in network:
                since = at if since is None else since
            elif since is not None:
                yield since, at
                since = None
        if since is not None:
            yield since, MAX_INTEGER
