"""Finds the server that a report belongs to."""

from __future__ import annotations

from collections.abc import Mapping

from service.report import Report
from service.store.engines import Connection
from service.store.identity import Sibling, Traits, choose_sibling, identity_of, traits_of

_TRAITS = len(Traits._fields)


class ServerTable:
    """The table of servers. identity.py decides between servers with the same identity."""

    def __init__(self, queries: Mapping[str, str]) -> None:
        self._queries = queries

    def find(self, connection: Connection, report: Report) -> int | None:
        """The id of the server that a report belongs to; null for a server that is not stored yet.

        The decision follows from the stored reports, and may change when more are stored.
        """
        identity = {"identity": identity_of(report)}
        if report.id_maquina is None:
            row = connection.execute(self._queries["find_server"], identity).fetchone()
            return None if row is None else int(row[0])
        version = {"taken_at": report.taken_at, "digest": report.digest}
        rows = connection.execute(self._queries["siblings"], identity | version).fetchall()
        return choose_sibling(traits_of(report), [_sibling(*row) for row in rows]) if rows else None

    def add(self, connection: Connection, report: Report) -> int:
        """Adds a server for this report. Call within a transaction."""
        identity = {"identity": identity_of(report)}
        return int(connection.execute(self._queries["add_server"], identity).fetchone()[0])


def _sibling(server_id: int, has_the_report: int, *traits: object) -> Sibling:
    before, after = traits[:_TRAITS], traits[_TRAITS:]
    return Sibling(server_id, bool(has_the_report), _traits(before), _traits(after))


def _traits(row: tuple[object, ...]) -> Traits | None:
    # The address is null only where there is no such report.
    return None if row[1] is None else Traits(*row)  # type: ignore[arg-type]  # as the query says
