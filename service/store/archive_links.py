"""The copy of the archive's chain that the database has: its links, as texts."""

from __future__ import annotations

from collections.abc import Mapping

from service.store.engines import Database


class ArchiveLinkStore:
    def __init__(self, database: Database, queries: Mapping[str, str]) -> None:
        self._database = database
        self._queries = queries

    def all(self) -> dict[int, str]:
        """The text of each link, by its number."""
        with self._database.snapshot() as connection:
            return dict(connection.execute(self._queries["archive_links"]).fetchall())

    def put(self, links: Mapping[int, str]) -> None:
        """Keeps links. One that is known stays as it is."""
        with self._database.transaction() as connection:
            for number, text in links.items():
                connection.execute(
                    self._queries["put_archive_link"], {"number": number, "text": text}
                )
