"""The processes of one report after the other, counted by what tells the facts of a report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from service.policies.guard.facts import COLUMNS, ProcessCounts, ProgramCounts
from service.policies.guard.names import KERNEL_THREADS, NameLists
from service.policies.rules.rule import Fact

KTHREADD = "kthreadd"
_KTHREADD_PID = 2

# What is counted of a process, in one number: processes with the same one are counted together.
_NAMED, _FIRST, _FIRST_OF_WINDOWS, _IS_KTHREADD, _THREAD, _PPID, _USERNAME, _EXECUTABLE, _LINE = (
    1 << bit for bit in range(9)
)
_BITS = {
    Fact.USUARIOS_DE_PROCESOS: _USERNAME,
    Fact.PPID: _PPID,
    Fact.EJECUTABLE: _EXECUTABLE,
    Fact.LINEA_COMANDO: _LINE,
}
_PIDS = {1: _FIRST, _KTHREADD_PID: _THREAD, 4: _FIRST_OF_WINDOWS}


class CountedProgram:
    """What tells the facts of a report, of what processes run.

    is_thread: whether it is a kernel thread by name, where the report does not tell its parent.
    """

    __slots__ = ("_counted", "_is_kthreadd", "is_thread")

    def __init__(self, values: Sequence[str | None], *, is_thread: bool) -> None:
        """values: name, user, executable, command line."""
        name, username, executable, line = values
        self._is_kthreadd, self.is_thread = name == KTHREADD, is_thread
        self._counted = (
            (_NAMED if name is not None else 0)
            | (_USERNAME if username is not None else 0)
            | (_EXECUTABLE if executable is not None else 0)
            | (_LINE if line is not None else 0)
        )

    def counts_as(self, pid: int, ppid: int | None) -> int:
        """The bits of one of its processes."""
        counted = self._counted
        if ppid is not None:
            counted |= _PPID if ppid != _KTHREADD_PID else _PPID | _THREAD
        elif self.is_thread:
            counted |= _THREAD
        if pid in _PIDS:
            counted |= _PIDS[pid]
            if pid == _KTHREADD_PID and self._is_kthreadd:
                counted |= _IS_KTHREADD
        return counted


class Program(CountedProgram):
    """What processes run. matches: its lists, each with the name there and where it stands."""

    __slots__ = ("matches", "name", "what", "who")

    def __init__(self, values: Sequence[str | None], names: NameLists, *, listed: bool) -> None:
        name, username, executable, line = values
        is_thread = (
            name is not None and username == "root" and KERNEL_THREADS in names.lists_of(name)
        )
        super().__init__(values, is_thread=is_thread)
        self.name, self.who, self.what = name, (name, username), (executable, line)
        self.matches = _matches(name, executable, names) if listed else {}


class RunningProcesses:
    """counts: how many have the same bits. has_kthreadd: whether pid 2 is kthreadd."""

    def __init__(self) -> None:
        self._rows: dict[int, tuple[int, Program]] = {}
        self.counts: dict[int, int] = defaultdict(int)
        self.has_kthreadd = False

    def change(
        self,
        gone: Sequence[int],
        added: Sequence[Sequence[Any]],
        programs: Mapping[int, Program],
        *,
        takes_all: bool,
    ) -> tuple[list[tuple[int, Program]], list[tuple[Sequence[Any], Program]]]:
        """Those that went, and those that came; takes_all: false for those with a name of a list.

        added: id, pid, ppid, the number of the program, start.
        """
        rows, counts = self._rows, self.counts
        went: list[tuple[int, Program]] = []
        came: list[tuple[Sequence[Any], Program]] = []
        for row_id in gone:
            bits, program = rows.pop(row_id)
            counts[bits] -= 1
            if takes_all or program.matches:
                went.append((row_id, program))
        for row in added:
            row_id, pid, ppid, number, _ = row
            program = programs[number]
            bits = program.counts_as(pid, ppid)
            rows[row_id] = bits, program
            counts[bits] += 1
            if takes_all or program.matches:
                came.append((row, program))
        return went, came

    def finds_kthreadd(self) -> bool:
        """Brings has_kthreadd up to date, and tells whether it changed."""
        before = self.has_kthreadd
        self.has_kthreadd = has_kthreadd(self.counts)
        return before != self.has_kthreadd

    def names_listed(self) -> int:
        """How many different names they have."""
        names = {program.name for _, program in self._rows.values()}
        return len(names - {None})


def has_kthreadd(counts: Mapping[int, int]) -> bool:
    """Whether pid 2 is kthreadd. counts: how many processes have the same bits."""
    return any(count and bits & _IS_KTHREADD for bits, count in counts.items())


def counted(
    counts: Mapping[int, int], facts: Collection[Fact]
) -> tuple[ProcessCounts, ProgramCounts | None]:
    """Of all processes; and of those that are no kernel threads, how many have these facts.

    Null for the latter if none of the facts is one of processes. counts: as of has_kthreadd().
    """
    found = [(bits, count) for bits, count in counts.items() if count]
    seen = 0
    for bits, _ in found:
        seen |= bits
    processes = ProcessCounts(
        sum(count for _, count in found),
        sum(count for bits, count in found if bits & _NAMED),
        int(bool(seen & _FIRST)),
        int(bool(seen & _FIRST_OF_WINDOWS)),
    )
    wanted = [fact for fact in COLUMNS if fact in facts]
    if not wanted:
        return processes, None
    if seen & _IS_KTHREADD:
        found = [(bits, count) for bits, count in found if not bits & _THREAD]
    told = {fact: sum(count for bits, count in found if bits & _BITS[fact]) for fact in wanted}
    return processes, ProgramCounts(sum(count for _, count in found), told)


def _matches(
    name: str | None, executable: str | None, names: NameLists
) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    if executable is not None and (name is None or not executable.endswith(f"/{name}")):
        found |= {listed: (part, "ejecutable") for listed, part in names.matches(executable)}
    if name is not None:
        found |= {listed: (whole, "name") for listed, whole in names.matches(name)}
    return found
