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
        if report.id_maquina is None:
            identity = {"identity": identity_of(report)}
            row = connection.execute(self._queries["find_server"], identity).fetchone()
            return None if row is None else int(row[0])
        siblings = self._siblings(connection, report)
        return choose_sibling(traits_of(report), report.taken_at, siblings)

    def affected_addresses(self, connection: Connection, report: Report) -> list[str]:
        """The present addresses of the servers that storing a report with an id_maquina changes.

        That is the server that it belongs to. As the first report of a new clone, it marks all
        servers with its identity as clones.
        """
        siblings = self._siblings(connection, report)
        found = choose_sibling(traits_of(report), report.taken_at, siblings)
        return [
            sibling.newest.ipaddress for sibling in siblings if found in (None, sibling.server_id)
        ]

    def _siblings(self, connection: Connection, report: Report) -> list[Sibling]:
        own = {
            "identity": identity_of(report),
            "taken_at": report.taken_at,
            "digest": report.digest,
            "spelled_digest": report.spelled_digest,
            "boot_id": report.profile.boot_id,
        }
        return [_sibling(*row) for row in connection.execute(self._queries["siblings"], own)]

    def add(self, connection: Connection, report: Report) -> int:
        """Adds a server for this report. Call within a transaction."""
        identity = {"identity": identity_of(report)}
        return int(connection.execute(self._queries["add_server"], identity).fetchone()[0])


def _sibling(
    server_id: int, has_the_report: int, newest_at: int, had_the_boot: int, *newest: object
) -> Sibling:
    traits = Traits(*newest)  # type: ignore[arg-type]  # as the query says
    return Sibling(server_id, bool(has_the_report), newest_at, bool(had_the_boot), traits)
