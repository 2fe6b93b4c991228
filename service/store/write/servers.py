"""Finds the server that a report speaks of."""

from __future__ import annotations

from collections.abc import Mapping

from service.report import Report
from service.store.engines import Connection
from service.store.identity import Sibling, Traits, choose, identity_of, traits_of

_TRAITS = len(Traits._fields)


class ServerTable:
    """The servers; identity.py decides which is which."""

    def __init__(self, queries: Mapping[str, str]) -> None:
        self._queries = queries

    def find(self, connection: Connection, report: Report) -> int | None:
        """The server that a report speaks of; null for one that is not there yet.

        What is stored decides on it, and may decide otherwise when more has been stored.
        """
        identity = {"identity": identity_of(report)}
        if report.id_maquina is None:
            row = connection.execute(self._queries["find_server"], identity).fetchone()
            return None if row is None else int(row[0])
        moment = {"taken_at": report.taken_at, "digest": report.digest}
        rows = connection.execute(self._queries["siblings"], identity | moment).fetchall()
        return choose(traits_of(report), [_sibling(*row) for row in rows]) if rows else None

    def add(self, connection: Connection, report: Report) -> int:
        """A new server, a sibling of those that have its identity. Call within a transaction."""
        identity = {"identity": identity_of(report)}
        return int(connection.execute(self._queries["add_server"], identity).fetchone()[0])


def _sibling(server_id: int, has_the_report: int, *seen: object) -> Sibling:
    before, after = seen[:_TRAITS], seen[_TRAITS:]
    return Sibling(server_id, bool(has_the_report), _traits(before), _traits(after))


def _traits(row: tuple[object, ...]) -> Traits | None:
    return None if row[1] is None else Traits(*row)  # type: ignore[arg-type]  # as the query says
