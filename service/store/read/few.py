"""A report for the guard, of whose processes it gets a few: service/store/read/current.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Self

from service.store.engines import Connection
from service.store.engines.image import insert_rows
from service.store.read.current import ServerRow, insert_server
from service.store.read.tags import Tag
from service.store.write.multi_row import find_rows

Row = tuple[Any, ...]


class Running(NamedTuple):
    """What a process tells of its report: its program, and as far as they matter its pid and ppid.

    pid: 0 for most. ppid: null, kthreadd's, or 0 for another one. number: as FewReader.running()
    gives it.
    """

    number: int
    program: int
    pid: int
    ppid: int | None

    @classmethod
    def of(cls, number: int) -> Self:
        program, rest = divmod(number, 32)
        parent, pid = divmod(rest, 8)
        return cls(number, program, pid, (None, 0, 2)[parent])


class FewReader:
    """Its methods take a connection that reads the database."""

    def __init__(self, queries: Mapping[str, str]) -> None:
        self._queries = queries

    def running(self, connection: Connection, report: ServerRow) -> list[tuple[int]]:
        """What each process of a report tells of it, as a Running in one number."""
        query = self._queries["running_now" if report.is_newest else "running_at"]
        parameters = {"server_id": report.row["servidor"], "seq": report.seq}
        return connection.execute(query, parameters).fetchall()

    def processes(
        self, connection: Connection, report: ServerRow, programs: Iterable[int]
    ) -> list[Row]:
        """Those of a report that run these programs: row id, pid, ppid, program, start."""
        keys = [(number,) for number in programs]
        server = report.row["servidor"]
        if report.is_newest:
            found = find_rows(connection, self._queries["few_processes_now"], keys, server)
        else:
            query = self._queries["few_processes_at"]
            found = find_rows(connection, query, keys, server, report.seq)
        return found

    def programs(self, connection: Connection, numbers: Iterable[int]) -> list[Row]:
        """Number, name, username, executable and command line, of each once."""
        keys = [(number,) for number in numbers]
        return list(dict.fromkeys(find_rows(connection, self._queries["programs_by_number"], keys)))

    def copy(  # noqa: PLR0913 — what is copied
        self,
        image: Connection,
        report: ServerRow,
        tags: Sequence[Tag],
        processes: Sequence[Row],
        logins: Sequence[Row],
        *,
        is_silent: bool,
    ) -> None:
        """Adds a server to the tables of sql/guard/tables.sql, with these rows alone.

        processes: as processes() gives them. logins: as read_logins() gives them.
        """
        insert_server(image, report, tags, is_silent=is_silent)
        server = report.row["servidor"]
        programs = {
            number: columns
            for number, *columns in self.programs(image, {row[3] for row in processes})
        }
        rows: list[Row] = []
        for row_id, pid, ppid, number, start in processes:
            name, username, executable, line = programs[number]
            rows.append((row_id, server, pid, ppid, name, username, start, executable, line, None))
        insert_rows(image, "main.proceso", rows)
        insert_rows(image, "main.usuario", logins)
