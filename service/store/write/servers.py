"""Finds the server that a report belongs to."""

from __future__ import annotations

from collections.abc import Mapping

from service.report import Report
from service.store.engines import Connection
from service.store.identity import Sibling, Traits, choose_sibling, identity_of, traits_of


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
        own = {
            "taken_at": report.taken_at,
            "digest": report.digest,
            "spelled_digest": report.spelled_digest,
            "boot_id": report.profile.boot_id,
        }
        rows = connection.execute(self._queries["siblings"], identity | own).fetchall()
        siblings = [_sibling(*row) for row in rows]
        return choose_sibling(traits_of(report), report.taken_at, siblings)

    def add(self, connection: Connection, report: Report) -> int:
        """Adds a server for this report. Call within a transaction."""
        identity = {"identity": identity_of(report)}
        return int(connection.execute(self._queries["add_server"], identity).fetchone()[0])


def _sibling(
    server_id: int, has_the_report: int, newest_at: int, had_the_boot: int, *newest: object
) -> Sibling:
    traits = Traits(*newest)  # type: ignore[arg-type]  # as the query says
    return Sibling(server_id, bool(has_the_report), newest_at, bool(had_the_boot), traits)
