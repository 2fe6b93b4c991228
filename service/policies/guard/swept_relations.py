"""The relations of one server at one report after the other, by what each report changes.

A report costs what it changes of the rows that the rules at hand can read: of the processes, all or
those with a name of a list; of the server, the columns that they name. What a report tells (its
facts, how many names it lists) is counted beside the tables, from all of its rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from service.policies.guard.facts import facts_told
from service.policies.guard.names import NameLists
from service.policies.guard.needs import Needs
from service.policies.guard.running_processes import (
    NO_CHANGE,
    Change,
    Process,
    Program,
    RunningProcesses,
    counted,
    together,
)
from service.policies.guard.running_spans import RunningSpans
from service.policies.guard.verdict import Situation, seconds_between
from service.policies.rules.rule import Fact
from service.store.engines import Connection
from service.store.engines.image import insert_rows
from service.store.engines.sandbox import Sandbox

SILENT = "silencioso"
_INSERT_PROCESS = """
INSERT OR REPLACE INTO main.proceso VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)
"""
_OFTEN = {"id_serv", "fecha_hora", "recibido"}  # columns that tell no facts
_TABLES = ("main.proceso", "main.usuario", "main.servidor_vigente", "main.etiqueta")
MARKS = ("coincidencia", "con_kthreadd", "nombre_de_hilo")


class SweptRelations:
    """Steps from report to report. The first step resets.

    Processes are written when settle() asks for it. change: that of the last report.
    """

    def __init__(self, sandbox: Sandbox, names: NameLists, needs: Needs) -> None:
        self.sandbox, self._lists, self._needs = sandbox, names, needs
        self._programs: dict[int, Program] = {}
        self.change = NO_CHANGE
        self._clear()

    def _clear(self) -> None:
        self._running = RunningProcesses()
        self._processes, self._sessions = RunningSpans(), RunningSpans()
        self._waiting: list[Change] = []  # to be written
        self._threads: set[str | None] = set()  # the names in nombre_de_hilo
        self._logins = 0
        self._server: dict[str, Any] = {}
        self._facts: frozenset[Fact] | None = None  # null: they are to be found out
        self._told: list[object] = []  # what they were found out by, beside the server
        self._tags: dict[str, str] = {}
        self._given: frozenset[Fact] | None = None  # facts that all processes tell, from outside
        self._names: int | None = None  # how many names the report lists, likewise

    def use(self, programs: Iterable[Sequence[Any]]) -> None:
        """Replaces the programs to which the rows of the next steps refer: number and columns."""
        self._programs = {
            number: Program(values, self._lists, listed=self._needs.listed)
            for number, *values in programs
        }

    def apply(self, step: Mapping[str, Any]) -> bool:
        """Changes the relations to those of the next report. Whether what rules read changes.

        That is without processes, of which `change` tells.

        step: `seq`, the number of the report; `server`, the columns of its row that change;
        `reset`, whether nothing stays; of `proceso` and `usuario` the spans that begin, as
        RunningSpans takes them; those of processes have id, pid, ppid, the number of the program,
        and start. `etiqueta`: the rows of all its tags, or null where they stay. Where some
        processes are left out, `datos` and `nombres` tell what all say: facts, and how many names
        they have; null, or missing, where that stays.
        """
        is_first = bool(step["reset"])
        if is_first:
            self._clear()
            empty_tables(self.sandbox)
        is_changed = self._take_server(step["server"]) or is_first
        if step.get("datos") is not None:
            self._given, self._facts = frozenset(map(Fact, step["datos"])), None
        if step.get("nombres") is not None:
            self._names = step["nombres"]
        gone, added = self._processes.to(step["seq"], step["proceso"])
        self.change = self._take_processes(gone, added) if gone or added else NO_CHANGE
        if is_first:
            self.change = self.change._replace(is_first=True)
        gone, added = self._sessions.to(step["seq"], step["usuario"])
        self._logins += len(added) - len(gone)
        if self._needs.logins and (gone or added):
            is_changed = True
            with self.sandbox.trusted() as connection:
                _delete(connection, "main.usuario", gone)
                # Without `visto_desde`: rules that read it are not judged so.
                insert_rows(connection, "main.usuario", [(*row, None) for row in added])
        if step["etiqueta"] is not None:
            is_changed = True
            self._tags = {key: value for _, key, value, _ in step["etiqueta"]}
            with self.sandbox.trusted() as connection:
                connection.execute("DELETE FROM main.etiqueta")
                insert_rows(connection, "main.etiqueta", step["etiqueta"])
        return is_changed

    def situation(self) -> Situation:
        """The situation of the server at the report at which the relations stand."""
        row = self._server
        start = row["arranque"] if self._needs.start else None
        return Situation(
            server=row["servidor"],
            is_silent=row["estado"] == SILENT,
            running_for=seconds_between(start, row["fecha_hora"]),
            facts=self._facts_told(),
            tags=self._tags,
            system=row["nombre_so"],
            names_listed=self._names_listed,
        )

    def _names_listed(self) -> int:
        return self._running.names_listed() if self._names is None else self._names

    def _facts_told(self) -> frozenset[Fact]:
        told = [self._logins > 0, *self._running.counts.items()]
        if self._facts is None or told != self._told:
            wanted = self._needs.facts if self._given is None else ()
            processes, programs = counted(self._running.counts, wanted)
            self._facts = facts_told(self._server, processes, programs, has_logins=self._logins > 0)
            self._facts |= self._given or frozenset()
            self._told = told
        return self._facts

    def _take_server(self, told: Mapping[str, Any]) -> bool:
        row, columns = self._server, self._needs.server
        is_first = not row
        changed = {name for name, value in told.items() if is_first or row[name] != value}
        row.update(told)
        if changed - _OFTEN:
            self._facts = None
        if not changed or not (is_first or columns is None or columns & changed):
            return False
        with self.sandbox.trusted() as connection:
            connection.execute(
                f"INSERT OR REPLACE INTO main.servidor_vigente ({', '.join(row)})"  # noqa: S608
                f" VALUES ({', '.join(f':{name}' for name in row)})",
                row,
            )
            if is_first:
                server = row["servidor"]
                connection.execute("UPDATE elegido SET desde = ?, hasta = ?", (server, server))
        return True

    def _take_processes(self, gone: Sequence[int], added: Sequence[Sequence[Any]]) -> Change:
        running = self._running
        went, came = running.change(gone, added, self._programs, takes_all=self._needs.processes)
        is_flipped = running.finds_kthreadd()
        if not (went or came or is_flipped):
            return NO_CHANGE
        change = Change(went, came, is_flipped)
        if is_flipped:
            with self.sandbox.trusted() as connection:
                self._mark_kthreadd(connection)
        self._waiting.append(change)
        return change

    def settle(self) -> None:
        """Writes the processes that wait: then the relations hold those of the last report."""
        if not self._waiting:
            return
        went, came, *_ = self._waiting[0]
        if len(self._waiting) > 1:
            went, came = together(self._waiting)
        with self.sandbox.trusted() as connection:
            self._write(connection, went, came)
        self._waiting = []

    def processes(self) -> Iterable[Process]:
        """All that run."""
        return self._running.all()

    @property
    def server_id(self) -> int:
        return int(self._server["servidor"])

    @property
    def has_kthreadd(self) -> bool:
        """Whether the report has kernel threads that can be told."""
        return self._running.has_kthreadd

    def _mark_kthreadd(self, connection: Connection) -> None:
        if self._running.has_kthreadd:
            connection.execute("INSERT INTO con_kthreadd VALUES (?)", (self._server["servidor"],))
        else:
            connection.execute("DELETE FROM con_kthreadd")

    def _write(
        self, connection: Connection, went: Sequence[Process], came: Sequence[Process]
    ) -> None:
        """Writes the rows that rules read, and what tells kernel threads and names of lists."""
        listed = [(name, row[0]) for row, program in went for name in program.matches]
        if listed:
            connection.executemany("DELETE FROM coincidencia WHERE lista = ? AND id = ?", listed)
        server = self._server["servidor"]
        rows: dict[int, tuple[Any, ...]] = {}
        matches: list[tuple[Any, ...]] = []
        threads: set[str | None] = set()
        for (row_id, pid, ppid, _, start), program in came:
            rows[row_id] = row_id, server, pid, ppid, *program.who, start, *program.what
            if program.matches:
                matches += [(name, row_id, *found) for name, found in program.matches.items()]
            if program.is_thread and ppid is None:
                threads.add(program.name)
        # What came takes the place of what went, where it has its number.
        _delete(connection, "main.proceso", [row[0] for row, _ in went if row[0] not in rows])
        if rows:
            connection.executemany(_INSERT_PROCESS, [*rows.values()])
        if matches:
            connection.executemany("INSERT INTO coincidencia VALUES (?, ?, ?, ?)", matches)
        if threads - self._threads:
            added = [(name,) for name in threads - self._threads]
            connection.executemany("INSERT INTO nombre_de_hilo VALUES (?)", added)
            self._threads |= threads  # those that went stay: they do no harm


def empty_tables(sandbox: Sandbox) -> None:
    """Then the relations hold no report."""
    with sandbox.trusted() as connection:
        for table in (*_TABLES, *MARKS):
            connection.execute(f"DELETE FROM {table}")  # noqa: S608


def _delete(connection: Connection, table: str, ids: Sequence[int]) -> None:
    if ids:
        connection.executemany(
            f"DELETE FROM {table} WHERE id = ?",  # noqa: S608 — a name of ours
            [(row_id,) for row_id in ids],
        )
