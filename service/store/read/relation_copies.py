"""Copies of the relations at one moment: of the record that is shown of each server.

The rows of silent servers are copied only where they are asked for, and then alone: what a silent
server said last does not run now. Each server itself is there in any case, with its `estado`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from service.store.engines import Connection
from service.store.engines.image import ImageBuilder
from service.store.engines.sqlite_connections import storage_errors
from service.store.read.current import copy_server
from service.store.read.moments import Moment, MomentReader
from service.store.read.silence import Silence
from service.store.read.tags import TagReader, Told


class Wanted(NamedTuple):
    """What is copied. first_sight: `visto_desde`, which costs a look-up a row."""

    processes: bool = True
    logins: bool = True
    of_silent: bool = False  # rows of silent servers, and no others
    first_sight: bool = True


class _Shown(NamedTuple):
    """The record that is shown of a server; seq is null for the newest."""

    server_id: int
    seq: int | None
    silent: bool


class RelationCopies:
    """Copies from a database file of ours. script: makes the tables of the copies."""

    def __init__(
        self, path: Path, queries: Mapping[str, str], silence: Silence, script: str
    ) -> None:
        self._path = path
        self._queries = queries
        self._silence = silence
        self._tags = TagReader(queries)
        self._moments = MomentReader(queries, silence)
        self._script = script

    def image(self, moment: Moment | None, wanted: Wanted) -> bytes:
        """A database with the copies, as of now or of a moment.

        Raises StorageUnavailableError, and QuestionStoppedError where the question of this thread
        ends.
        """
        with storage_errors(self._path), ImageBuilder(self._script, self._path) as builder:
            told = Told.at(moment)
            with builder.filled() as connection:
                for server_id, seq, silent in self._shown(connection, moment):
                    has_rows = silent == wanted.of_silent
                    copy_server(
                        connection,
                        self._queries,
                        server_id,
                        seq,
                        is_silent=silent,
                        with_first_sight=wanted.first_sight,
                        tags=self._tags.of_server(connection, server_id, told),
                        processes=wanted.processes and has_rows,
                        logins=wanted.logins and has_rows,
                    )
            return builder.image()

    def _shown(self, connection: Connection, moment: Moment | None) -> Iterator[_Shown]:
        if moment is None:
            heard = connection.execute(
                self._queries["servers_heard"], self._silence.parameters()
            ).fetchall()
            yield from (_Shown(server_id, None, bool(silent)) for server_id, silent in heard)
            return
        records = connection.execute(self._queries["records_at"], moment.parameters()).fetchall()
        for server_id, seq, placed_at in records:
            standing = self._moments.standing(connection, server_id, moment, placed_at)
            yield _Shown(server_id, seq, standing.silent)
