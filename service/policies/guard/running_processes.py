"""The processes of one report after the other, counted by what tells the facts of a report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

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
_LAST_FIRST_PID = max(_PIDS)


class CountedProgram:
    """What tells the facts of a report, of what processes run.

    is_thread: whether it is a kernel thread by name, where the report does not tell its parent.
    """

    __slots__ = ("_counted", "_is_kthreadd", "bits", "is_thread")

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
        self.bits = self._counted | _PPID  # of a process with a parent that tells nothing

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

    def is_kernel_thread(self, pid: int, ppid: int | None) -> bool:
        """Whether one of its processes is one, on a server that tells them."""
        return bool(self.counts_as(pid, ppid) & _THREAD)


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


Process = tuple[Sequence[Any], Program]  # id, pid, ppid, the number of the program, start


class Change(NamedTuple):
    """What a report changes of the processes that rules read. is_flipped: their threads, too.

    is_first: nothing was before.
    """

    went: list[Process]
    came: list[Process]
    is_flipped: bool = False
    is_first: bool = False

    def __bool__(self) -> bool:
        return bool(self.went or self.came or self.is_flipped or self.is_first)


NO_CHANGE = Change([], [])


class RunningProcesses:
    """counts: how many have the same bits. has_kthreadd: whether pid 2 is kthreadd."""

    def __init__(self) -> None:
        self._rows: dict[int, Process] = {}
        self.counts: dict[int, int] = defaultdict(int)
        self.has_kthreadd = False

    def change(
        self,
        gone: Iterable[int],
        added: Iterable[Sequence[Any]],
        programs: Mapping[int, Program],
        *,
        takes_all: bool,
    ) -> tuple[list[Process], list[Process]]:
        """Those that went, and those that came; takes_all: false for those with a name of a list.

        added: id, pid, ppid, the number of the program, start.
        """
        rows = self._rows
        went = [rows.pop(row_id) for row_id in gone]
        came = [(row, programs[row[3]]) for row in added]
        rows.update([(process[0][0], process) for process in came])
        self._count(went, -1)
        self._count(came, 1)
        if takes_all:
            return went, came
        return [each for each in went if each[1].matches], [
            each for each in came if each[1].matches
        ]

    def _count(self, processes: Iterable[Process], times: int) -> None:
        counts = self.counts
        for (_, pid, ppid, _, _), program in processes:
            if pid > _LAST_FIRST_PID and ppid is not None and ppid != _KTHREADD_PID:
                counts[program.bits] += times
            else:
                counts[program.counts_as(pid, ppid)] += times

    def finds_kthreadd(self) -> bool:
        """Brings has_kthreadd up to date, and tells whether it changed."""
        before = self.has_kthreadd
        self.has_kthreadd = has_kthreadd(self.counts)
        return before != self.has_kthreadd

    def all(self) -> Iterable[Process]:
        return self._rows.values()

    def names_listed(self) -> int:
        """How many different names they have."""
        names = {program.name for _, program in self._rows.values()}
        return len(names - {None})


def together(changes: Iterable[Change]) -> tuple[list[Process], list[Process]]:
    """What went and came by several changes."""
    went: dict[int, Process] = {}
    came: dict[int, Process] = {}
    for change in changes:
        for process in change.went:
            row_id = process[0][0]
            if came.pop(row_id, None) is None:
                went[row_id] = process
        came.update([(process[0][0], process) for process in change.came])
    return [*went.values()], [*came.values()]


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
