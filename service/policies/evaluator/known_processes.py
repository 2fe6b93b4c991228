"""What the rules in force see of processes, and what these tell of a report: asked once of each.

Programs are interned, so that their numbers always mean the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from service.policies.guard.guard import Guard
from service.policies.guard.running_processes import CountedProgram
from service.policies.guard.sightings import Relevant
from service.store.engines import Connection
from service.store.read.few import FewReader, Running

_MOST = 100_000  # some 40 MB
_MOST_MET = 2_000  # programs that the guard is asked about for one report


class Sees(NamedTuple):
    """The rules that see a program: where they apply, or among what they judge.

    needed_by: those that find nothing where no program is that they need.
    """

    applies: frozenset[str]
    judged: frozenset[str]
    needed_by: frozenset[str]


class KnownProcess(NamedTuple):
    """bits: as CountedProgram counts it. program: its number. name: its hash; null for none.

    sees: null where no rule sees it.
    """

    bits: int
    program: int
    name: int | None
    sees: Sees | None


class KnownProcesses(dict[int, KnownProcess]):
    """The processes that were met, by their numbers as FewReader.running() gives them.

    guard: has the rules loaded.
    """

    def __init__(self, reader: FewReader, guard: Guard) -> None:
        super().__init__()
        self._reader, self._guard = reader, guard
        self._rules: frozenset[str] = frozenset()
        self._made: dict[Sees, Sees] = {}  # each once: many programs are seen by the same rules

    def use(self, rules: Iterable[str]) -> None:
        """Replaces the rules, which see few processes or find nothing without some."""
        self._rules = frozenset(rules)
        self._forget()

    def meet(self, connection: Connection, numbers: Iterable[int]) -> bool:
        """Finds out about those of these that are not known, or some. Raises GuardEndedError.

        Whether all are known then. A report of many others is judged sooner than they are found.
        """
        unknown: dict[int, list[Running]] = defaultdict(list)
        for number in numbers:
            if number not in self:
                running = Running.of(number)
                unknown[running.program].append(running)
        programs = list(unknown)[:_MOST_MET]
        if programs:
            self._learn(self._reader.programs(connection, programs), unknown)
        return len(programs) == len(unknown)

    def forget(self) -> None:
        """All of them, where there are too many."""
        if len(self) > _MOST:
            self._forget()

    def _forget(self) -> None:
        self.clear()
        self._made.clear()

    def _learn(self, programs: Sequence[Sequence[Any]], met: dict[int, list[Running]]) -> None:
        found = self._guard.relevant(programs)
        threads, sees = set(found.threads), self._sees(found)
        for program, *values in programs:
            counted = CountedProgram(values, is_thread=program in threads)
            name = None if values[0] is None else hash(values[0])
            for running in met[program]:
                bits = counted.counts_as(running.pid, running.ppid)
                self[running.number] = KnownProcess(bits, program, name, sees.get(program))

    def _sees(self, found: Relevant) -> dict[int, Sees]:
        by: dict[int, list[set[str]]] = defaultdict(lambda: [set(), set(), set()])
        for rule in self._rules & found.rules.keys():
            for place, programs in enumerate(found.rules[rule]):
                for program in programs:
                    by[program][place].add(rule)
        for program in found.kthreadd:  # which tells whether the others are kernel threads
            by[program][0] |= self._rules
        sees: dict[int, Sees] = {}
        for program, rules in by.items():
            made = Sees(*map(frozenset, rules))
            sees[program] = self._made.setdefault(made, made)
        return sees
