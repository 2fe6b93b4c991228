"""Reads records: single ones, and the newest record of every server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from service.errors import RecordNotFoundError
from service.store.engines import Connection, Database


class ServerRow(NamedTuple):
    """A row of the relation servers."""

    id_serv: int
    ipaddress: str
    fecha_hora: str
    arquitectura_proc: str
    marca_proc: str
    nombre_so: str
    version_so: str
    version_esquema: int
    id_maquina: str | None
    nombre_host: str | None
    nucleo: str | None
    version_agente: str | None
    fuente_usuarios: str | None
    descartados: int | None
    id_clonado: bool
    recibido: str  # when the report arrived, by our clock
    reloj: str | None  # adelantado, atrasado or tardio; null for a right clock
    zona: str | None  # -03:00, of a server that sends its local time without zone


class ProcessRow(NamedTuple):
    """A row of the relation procesos, without the columns that all rows of a record share."""

    id_proc: int
    pid: int
    name: str | None
    username: str | None
    ppid: int | None
    inicio: str | None
    ejecutable: str | None
    linea_comando: str | None


class LoginRow(NamedTuple):
    """A row of usuarios_activos, without the columns that all rows of a record share."""

    id_usr: int
    pid: int | None
    username: str | None
    terminal: str | None
    origen: str | None
    desde: str | None


@dataclass(frozen=True, slots=True)
class Record:
    """A stored report, as the three relations show it."""

    server: ServerRow
    processes: list[ProcessRow]
    logins: list[LoginRow]


@dataclass(frozen=True, slots=True)
class Page:
    """Some newest records; `after` is the cursor of the next page, null on the last page."""

    servers: list[ServerRow]
    after: int | None


class RecordStore:
    def __init__(self, database: Database, queries: Mapping[str, str]) -> None:
        self._database = database
        self._queries = queries

    def record(self, id_serv: int) -> Record:
        """Raises RecordNotFoundError."""
        with self._database.snapshot() as connection:
            server = self._server(connection, id_serv)
            processes = self._processes(connection, id_serv)
            return Record(server, processes, self._logins(connection, id_serv))

    def processes(self, id_serv: int) -> tuple[ServerRow, list[ProcessRow]]:
        """Raises RecordNotFoundError."""
        with self._database.snapshot() as connection:
            return self._server(connection, id_serv), self._processes(connection, id_serv)

    def logins(self, id_serv: int) -> tuple[ServerRow, list[LoginRow]]:
        """Raises RecordNotFoundError."""
        with self._database.snapshot() as connection:
            return self._server(connection, id_serv), self._logins(connection, id_serv)

    def newest(self, after: int, limit: int) -> Page:
        """The newest record of every server, in the order of their first contact."""
        with self._database.snapshot() as connection:
            rows = connection.execute(
                self._queries["newest_records"], {"after": after, "limit": limit + 1}
            ).fetchall()
        shown = rows[:limit]
        more = len(rows) > limit
        return Page([server_row(row[1:]) for row in shown], shown[-1][0] if more else None)

    def _server(self, connection: Connection, id_serv: int) -> ServerRow:
        row = connection.execute(self._queries["record"], {"id_serv": id_serv}).fetchone()
        if row is None:
            raise RecordNotFoundError(id_serv)
        return server_row(row)

    def _processes(self, connection: Connection, id_serv: int) -> list[ProcessRow]:
        rows = connection.execute(self._queries["record_processes"], {"id_serv": id_serv})
        return list(map(ProcessRow._make, rows))

    def _logins(self, connection: Connection, id_serv: int) -> list[LoginRow]:
        rows = connection.execute(self._queries["record_logins"], {"id_serv": id_serv})
        return [LoginRow(*row) for row in rows]


def server_row(row: Sequence[Any]) -> ServerRow:
    """A ServerRow from the columns of the fragment record_columns."""
    server = ServerRow(*row)
    return server._replace(id_clonado=bool(server.id_clonado))
