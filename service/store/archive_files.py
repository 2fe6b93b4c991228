"""What the database knows of the archive: how far each of its files is stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from service.store.engines import Database

_PAGE = 10_000  # rows a snapshot, so that no snapshot is a long one


class KnownFile(NamedTuple):
    """A file of the archive as it was read, and how much of it is in the database."""

    name: str
    size: int  # of the file; bytes
    modified_at: int  # nanoseconds since 1970
    bytes: int  # of its first lines, whose reports are all stored; uncompressed
    crc: int  # CRC-32 of these bytes
    tail_crc: int  # CRC-32 of the last 4 KiB of these bytes
    report_id: int  # reports up to this one were compared with the lines


class ArchiveFileStore:
    def __init__(self, database: Database, queries: Mapping[str, str]) -> None:
        self._database = database
        self._queries = queries

    def all(self) -> dict[str, KnownFile]:
        """Every known file, by its name."""
        with self._database.snapshot() as connection:
            rows = connection.execute(self._queries["all_archive_files"]).fetchall()
        return {row[0]: KnownFile(*row) for row in rows}

    def put(self, files: Sequence[KnownFile], forget: Sequence[str] = ()) -> None:
        """Notes these files, and forgets others."""
        with self._database.transaction() as connection:
            for name in forget:
                connection.execute(self._queries["forget_archive_file"], {"name": name})
            for file in files:
                connection.execute(self._queries["put_archive_file"], file._asdict())

    def arrivals(self, after: int) -> Iterator[tuple[int, int]]:
        """The id_serv and the moment of arrival of each report after this one, by id_serv."""
        while True:
            with self._database.snapshot() as connection:
                place = {"after": after, "limit": _PAGE}
                rows = connection.execute(self._queries["arrivals"], place).fetchall()
            yield from rows
            if len(rows) < _PAGE:
                return
            after = rows[-1][0]
