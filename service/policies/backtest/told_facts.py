"""The facts that the processes of each report tell, by the reports at which that changes.

They count all processes, whatever the rules see: guard/facts.py says how.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from operator import itemgetter
from typing import Any

from service.policies.guard.facts import COLUMNS, ProgramCounts, facts_of_programs
from service.policies.rules.rule import Fact
from service.store.read.sweep import Row

_KTHREADD_PID = 2

# What is counted of a process: whether it is kthreadd, a kernel thread, and what it tells.
_Kind = tuple[Any, ...]
_PLACES = {
    Fact.PPID: 2, Fact.USUARIOS_DE_PROCESOS: 3, Fact.EJECUTABLE: 4, Fact.LINEA_COMANDO: 5,
}  # fmt: skip
assert _PLACES.keys() == COLUMNS.keys()  # noqa: S101


class ToldFacts:
    """changes: the numbers of these reports, in order."""

    def __init__(
        self, spans: Iterable[Row], wanted: Collection[Fact], threads: Collection[int]
    ) -> None:
        """spans: as MarkReader.told() gives them. wanted: facts, of which those of processes count.

        threads: the programs that are kernel threads by name.
        """
        self.changes: list[int] = []
        self._facts: list[list[Fact]] = []
        wanted = [fact for fact in _PLACES if fact in wanted]
        counts: Counter[_Kind] = Counter()
        told: set[Fact] | None = None
        for seq, kinds in sorted(_by_report(spans, threads).items(), key=itemgetter(0)):
            for kind, count in kinds.items():
                counts[kind] += count
            now = _facts(counts, wanted)
            if now != told:
                self.changes.append(seq)
                self._facts.append(sorted(now))
                told = now

    def at(self, seq: int) -> list[Fact]:
        """The facts of a report."""
        place = bisect_right(self.changes, seq)
        return self._facts[place - 1] if place else []


def _by_report(spans: Iterable[Row], threads: Collection[int]) -> dict[int, dict[_Kind, int]]:
    """How many more processes of each kind each report has than the one before."""
    found: dict[int, dict[_Kind, int]] = defaultdict(lambda: defaultdict(int))
    for first_seq, gone_seq, pid, ppid, program, *told in spans:
        is_second = pid == _KTHREADD_PID
        is_thread = is_second or (program in threads if ppid is None else ppid == _KTHREADD_PID)
        kind = (is_second and bool(told[0]), is_thread, ppid is not None, *told[1:])
        found[first_seq][kind] += 1
        if gone_seq is not None:
            found[gone_seq][kind] -= 1
    return found


def _facts(counts: Counter[_Kind], wanted: Collection[Fact]) -> set[Fact]:
    has_threads = any(kind[0] for kind, count in counts.items() if count)
    programs = [
        (kind, count) for kind, count in counts.items() if count and not (has_threads and kind[1])
    ]
    return facts_of_programs(
        ProgramCounts(
            sum(count for _, count in programs),
            {
                fact: sum(count for kind, count in programs if kind[_PLACES[fact]])
                for fact in wanted
            },
        )
    )
