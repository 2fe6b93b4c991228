"""The guard's copies of the current relations, and what follows from them for all rules.

Images come in: databases with the tables of sql/guard/tables.sql, as bytes. The relations show one
server of an image after the other, or all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from service.policies.guard.facts import (
    COUNT_PROCESSES,
    ProcessCounts,
    Told,
    count_programs,
    facts_told,
    program_counts,
)
from service.policies.guard.functions import FUNCTIONS, OF_VIEWS
from service.policies.guard.names import KERNEL_THREADS, NameLists
from service.policies.guard.swept_relations import MARKS, SILENT
from service.policies.guard.verdict import Situation, seconds_between
from service.policies.rules.places import RELATIONS_SCRIPT, TABLES_SCRIPT
from service.policies.rules.relations import ALLOWED
from service.policies.rules.rule import Fact
from service.policies.rules.unseen_reads import refusal
from service.store.engines import Connection
from service.store.engines.image import insert_rows
from service.store.engines.sandbox import Sandbox

# The processes whose names, or the last parts of whose executables where they are others, may stand
# in a list.
_MATCHING = {
    "name": "SELECT id, name FROM proceso WHERE name IN (SELECT texto FROM texto_de_lista)",
    "ejecutable": """
        SELECT id, ejecutable FROM proceso
        WHERE ejecutable IN (SELECT texto FROM texto_de_lista)
          AND (name IS NULL OR substr(ejecutable, -length(name) - 1) <> '/' || name)
    """,
}
_SLOTS = 1_048_576  # of a server: sql/guard/tables.sql
_LAST_SERVER = 2**42


class Workspace:
    """wanted: the facts that rules require. matches_names: whether one reads procesos_listados."""

    def __init__(self) -> None:
        script = "\n".join(
            path.read_text(encoding="utf-8") for path in (TABLES_SCRIPT, RELATIONS_SCRIPT)
        )
        self.sandbox = Sandbox(script, ALLOWED, {**FUNCTIONS, **OF_VIEWS}, refusal)
        self.wanted: Collection[Fact] = ()
        self.matches_names = True
        self.names = NameLists(())

    def close(self) -> None:
        self.sandbox.close()

    def set_data(self, tables: Mapping[str, Sequence[Sequence[Any]]]) -> None:
        """Replaces the data files: the rows of listas, redes and fin_de_vida."""
        self.names = NameLists((name, entry) for name, entry in tables["listas"])
        with self.sandbox.trusted() as connection:
            for table, rows in tables.items():
                connection.execute(f"DELETE FROM {table}")  # noqa: S608
                insert_rows(connection, table, rows)

    def open(self, image: bytes) -> None:
        """Replaces the relations by those of an image."""
        self.sandbox.take(image)
        with self.sandbox.trusted() as connection:
            self._mark(connection)

    def show(self, server: int | None) -> None:
        """Shows the rows of one server in the relations; null: those of all."""
        first, last = (0, _LAST_SERVER) if server is None else (server, server)
        with self.sandbox.trusted() as connection:
            _show(connection, first, last)

    def situation(self, server: int, told: Told | None = None) -> Situation:
        """The situation of a server of the image; the relations show it alone.

        told: what all of its processes tell, where the image has not all of them.
        """
        with self.sandbox.trusted() as connection:
            _show(connection, server, server)
            result = connection.execute("SELECT * FROM servers_vigentes")
            columns = [column[0] for column in result.description or ()]
            row = dict(zip(columns, result.fetchone(), strict=True))
            facts = self._facts(connection, row) if told is None else told.facts
            tags = dict(connection.execute("SELECT clave, valor FROM etiquetas").fetchall())
        return Situation(
            server=server,
            is_silent=row["estado"] == SILENT,
            running_for=seconds_between(row["arranque"], row["fecha_hora"]),
            facts=facts,
            tags=tags,
            system=row["nombre_so"],
            names_listed=self._names_listed(server) if told is None else lambda: told.names,
        )

    def _facts(self, connection: Connection, row: Mapping[str, Any]) -> frozenset[Fact]:
        """Those of the server that the relations show."""
        processes = ProcessCounts(*connection.execute(COUNT_PROCESSES).fetchone())
        query = count_programs(self.wanted)
        programs = None
        if query is not None:
            programs = program_counts(self.wanted, connection.execute(query).fetchone())
        logins = connection.execute("SELECT 1 FROM usuarios_vigentes LIMIT 1").fetchone()
        return facts_told(row, processes, programs, has_logins=logins is not None)

    def servers(self) -> list[int]:
        """The servers of the image."""
        with self.sandbox.trusted() as connection:
            return [
                server for (server,) in connection.execute("SELECT servidor FROM servidor_vigente")
            ]

    def _names_listed(self, server: int) -> Callable[[], int]:
        def count() -> int:
            with self.sandbox.trusted() as connection:
                (found,) = connection.execute(
                    "SELECT count(DISTINCT name) FROM proceso WHERE id BETWEEN ? AND ?",
                    (server * _SLOTS, (server + 1) * _SLOTS - 1),
                ).fetchone()
            return int(found)

        return count

    def _mark(self, connection: Connection) -> None:
        """Fills the tables that tell kernel threads and names of lists."""
        for table in MARKS:
            connection.execute(f"DELETE FROM {table}")  # noqa: S608
        self._mark_kthreadd(connection)
        # Many processes run the same few programs, so what they are called is asked once of each.
        texts = connection.execute("SELECT DISTINCT name, ejecutable FROM proceso").fetchall()
        names = {name for name, _ in texts if name is not None}
        self._mark_threads(connection, names)
        if self.matches_names:
            self._match(connection, {"name": names, "ejecutable": {path for _, path in texts}})

    def _mark_kthreadd(self, connection: Connection) -> None:
        connection.execute("DELETE FROM con_kthreadd")
        connection.execute(
            "INSERT OR IGNORE INTO con_kthreadd"
            " SELECT servidor FROM proceso WHERE pid = 2 AND name = 'kthreadd'"
        )

    def _mark_threads(self, connection: Connection, names: Collection[str]) -> None:
        connection.executemany(
            "INSERT OR IGNORE INTO nombre_de_hilo VALUES (?)",
            [(name,) for name in names if KERNEL_THREADS in self.names.lists_of(name)],
        )

    def _mark_names(
        self, connection: Connection, by: str, texts: Iterable[tuple[int, str]]
    ) -> None:
        connection.executemany(
            "INSERT OR IGNORE INTO coincidencia VALUES (?, ?, ?, ?)",
            [
                (listed, row, name, by)
                for row, text in texts
                for listed, name in self.names.matches(text)
            ],
        )

    def _match(self, connection: Connection, texts: Mapping[str, Collection[str | None]]) -> None:
        """Notes which processes stand in a list, by their names first."""
        matches = self.names.matches
        for by, of_processes in texts.items():
            listed = [(text,) for text in of_processes if text is not None and matches(text)]
            if not listed:
                continue
            connection.execute("DELETE FROM texto_de_lista")
            connection.executemany("INSERT INTO texto_de_lista VALUES (?)", listed)
            self._mark_names(connection, by, connection.execute(_MATCHING[by]).fetchall())


def _show(connection: Connection, first: int, last: int) -> None:
    connection.execute("UPDATE elegido SET desde = ?, hasta = ?", (first, last))
