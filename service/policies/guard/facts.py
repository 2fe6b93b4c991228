"""Which facts a report tells.

A fact about processes is told if 95 % of the processes that can have it do. Kernel threads cannot:
they have no user of their own, no executable and no command line.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple, Self

from service.policies.rules.rule import Fact

_ENOUGH = 95  # per cent

# The column of each fact that processes must tell.
COLUMNS = {
    Fact.USUARIOS_DE_PROCESOS: "username",
    Fact.PPID: "ppid",
    Fact.EJECUTABLE: "ejecutable",
    Fact.LINEA_COMANDO: "linea_comando",
}
# Facts of the server that are told where they are not null.
_OF_SERVER = {
    Fact.NUCLEO: "nucleo",
    Fact.ARRANQUE: "arranque",
    Fact.VERSION_AGENTE: "version_agente",
}


class ProcessCounts(NamedTuple):
    """Of one report: all processes, those with a name, and whether the first pids are there."""

    processes: int
    named: int
    has_first: int
    has_first_of_windows: int


# The ProcessCounts of the server that the relations show.
COUNT_PROCESSES = """
SELECT count(*), count(name), coalesce(max(pid = 1), 0), coalesce(max(pid = 4), 0)
FROM fila_de_proceso
"""


class Told(NamedTuple):
    """What a report tells, found out beforehand. names: how many different ones it lists."""

    facts: frozenset[Fact]
    names: int

    def as_json(self) -> list[Any]:
        return [[*self.facts], self.names]

    @classmethod
    def from_json(cls, value: Sequence[Any]) -> Self:
        facts, names = value
        return cls(frozenset(map(Fact, facts)), names)


class ProgramCounts(NamedTuple):
    """Of one report: the processes that are no kernel threads, and how many have each fact."""

    programs: int
    told: Mapping[Fact, int]


def count_programs(wanted: Collection[Fact]) -> str | None:
    """A query for the row that program_counts() takes; null where no rule requires such a fact."""
    columns = [column for fact, column in COLUMNS.items() if fact in wanted]
    if not columns:
        return None
    counts = ", ".join(f"count({column})" for column in columns)
    return f"SELECT count(*), {counts} FROM fila_de_proceso WHERE NOT hilo_nucleo"  # noqa: S608


def program_counts(wanted: Collection[Fact], row: Sequence[int]) -> ProgramCounts:
    facts = [fact for fact in COLUMNS if fact in wanted]
    programs, *told = row
    return ProgramCounts(programs, dict(zip(facts, told, strict=True)))


def facts_told(
    server: Mapping[str, Any],
    processes: ProcessCounts,
    programs: ProgramCounts | None,
    *,
    has_logins: bool,
) -> frozenset[Fact]:
    """The facts of a report. server: its row of servers_vigentes. programs: null if not counted."""
    told = {fact for fact, column in _OF_SERVER.items() if server[column] is not None}
    is_windows = str(server["nombre_so"]).lower().startswith("windows")
    has_first = processes.has_first_of_windows if is_windows else processes.has_first
    if has_first and _is_enough(processes.named, processes.processes):
        told.add(Fact.NOMBRES)
    if programs is not None:
        told |= facts_of_programs(programs)
    version = server["version_esquema"]
    source = server["fuente_usuarios"]
    if source != "desconocida" and (source is not None or has_logins):
        told.add(Fact.LOGINS)
    if version >= 2:
        told |= {Fact.ORIGEN, Fact.DESDE}  # null is local there
    return frozenset(told)


def facts_of_programs(programs: ProgramCounts) -> set[Fact]:
    """The facts that the processes of a report tell: nearly all of them have the value."""
    if not programs.programs:
        return set()
    return {fact for fact, count in programs.told.items() if _is_enough(count, programs.programs)}


def _is_enough(count: int, of: int) -> bool:
    return count * 100 >= of * _ENOUGH
