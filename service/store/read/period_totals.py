"""A period by rule, by control and by server.

A control has on a server, at each moment, the worst verdict of the rules that name it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from service.store.read.period_filter import Known, PeriodRule, PeriodServer
from service.store.read.period_rows import Failing, PeriodRow, Shares
from service.store.read.stretches import History, Stretch

_WORST_FIRST = ("falla", "desconocido", "cumple", "no_aplica")


class Worst(NamedTuple):
    """For how long each verdict was the worst of some rules on a server, and those of the end."""

    times: Mapping[str, int]
    last: frozenset[str]


@dataclass(slots=True)
class Total(Shares):
    """What several rows add up to.

    servers: how many there are. times: microseconds by state, of all servers together. at_end:
    servers by the verdict at the end of the period, the worst where there are several, as if
    nothing were waived. waived: of those that fail then, the servers on which all that fails is
    waived. has_unknown: a rule is unknown then, whatever others say there. failing: the first of
    what is open at the end. is_closed: nothing of it will change.
    """

    servers: int = 0
    times: Counter[str] = field(default_factory=Counter)
    at_end: Counter[str] = field(default_factory=Counter)
    waived: int = 0
    has_unknown: bool = False
    failing: Failing | None = None
    violations: int = 0
    late: int = 0
    late_sights: int = 0
    is_closed: bool = True

    def time(self, state: str) -> int:
        return self.times[state]

    @property
    def state(self) -> str | None:
        """The worst at the end of the period, of which what is waived comes after the unknown.

        Null without any.
        """
        if self.at_end["falla"] > self.waived:
            return "falla"
        if self.has_unknown:
            return "desconocido"
        return next((state for state in _WORST_FIRST if self.at_end[state]), None)

    @property
    def is_waived(self) -> bool:
        """Whether it fails at the end, and all that fails is waived."""
        return self.state == "falla" and self.at_end["falla"] == self.waived

    def add(self, found: Worst, rows: Iterable[PeriodRow], *, is_closed: bool) -> None:
        """Adds a server. rows: those with a violation."""
        self.servers += 1
        self.is_closed &= is_closed
        for state, time in found.times.items():
            self.times[state] += time
        worst_then = next((state for state in _WORST_FIRST if state in found.last), None)
        if worst_then is not None:
            self.at_end[worst_then] += 1
        self.has_unknown |= "desconocido" in found.last
        if worst_then == "falla":
            self.waived += all(row.waiver for row in rows if row.history.state == "falla")
        for row in rows:
            first = row.failing
            if first and (self.failing is None or first.case_since_at < self.failing.case_since_at):
                self.failing = first
            self.violations += row.violations
            self.late += row.late
            self.late_sights += row.late_sights


class ServerTotal(NamedTuple):
    """total: of all rules; so are its times."""

    server: PeriodServer
    total: Total


@dataclass(frozen=True, slots=True)
class PeriodTotals:
    """rules: by name. controls: by framework and name, each with the rules that name it.

    servers: by number. total: of all rows.
    """

    rules: Mapping[str, tuple[PeriodRule, Total]]
    controls: Mapping[tuple[str, str], tuple[Sequence[str], Total]]
    servers: Sequence[ServerTotal]


def totals_of(known: Known, batches: Iterable[Iterable[PeriodRow]]) -> PeriodTotals:
    """batches: the rows by server; those of a server stand in one batch."""
    rules: defaultdict[str, Total] = defaultdict(Total)
    known_rules: dict[str, PeriodRule] = {}
    controls: defaultdict[tuple[str, str], Total] = defaultdict(Total)
    places = _Places(known)
    servers = []
    for batch in batches:
        for server, group in groupby(batch, lambda row: row.server):
            rows, worst_of, of_server = list(group), _WorstOf(), Total()
            for row in rows:
                found, notable = worst_of([row]), [row] if row.violations else ()
                known_rules[row.rule.rule] = row.rule
                rules[row.rule.rule].add(found, notable, is_closed=row.is_closed)
                of_server.add(found, notable, is_closed=row.is_closed)
            servers.append(ServerTotal(server, of_server))
            for place, positions in places.of(rows):
                own = [rows[position] for position in positions]
                controls[place].add(
                    worst_of(own),
                    [row for row in own if row.violations],
                    is_closed=all(row.is_closed for row in own),
                )
    return PeriodTotals(
        {name: (known_rules[name], total) for name, total in sorted(rules.items())},
        {place: (sorted(places.rules[place]), total) for place, total in controls.items()},
        servers,
    )


class _Places:
    """The controls that rules name; most servers are judged by the same rules.

    rules: that name each control.
    """

    def __init__(self, known: Known) -> None:
        self._framework = known.criteria.framework
        self.rules: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self._found: dict[tuple[int, ...], Mapping[tuple[str, str], Sequence[int]]] = {}

    def of(self, rows: Sequence[PeriodRow]) -> Iterable[tuple[tuple[str, str], Sequence[int]]]:
        """Each control, with the positions of the rows of its rules."""
        same = tuple(row.rule.number for row in rows)
        if same not in self._found:
            found: dict[tuple[str, str], list[int]] = {}
            for position, row in enumerate(rows):
                for framework, its in row.rule.controls.items():
                    if self._framework in (None, framework):
                        for control in its:
                            found.setdefault((framework, control), []).append(position)
                            self.rules[framework, control].add(row.rule.rule)
            self._found[same] = found
        return self._found[same].items()


class _WorstOf:
    """The worst verdicts of some rules on a server, most of which are the same."""

    def __init__(self) -> None:
        self._found: dict[frozenset[History], Worst] = {}

    def __call__(self, rows: Iterable[PeriodRow]) -> Worst:
        histories = frozenset(row.history for row in rows)
        if histories not in self._found:
            times = (
                next(iter(histories)).by_state
                if len(histories) == 1
                else worst([history.verdicts for history in histories])
            )
            last = frozenset(history.state for history in histories if history.state is not None)
            self._found[histories] = Worst(times, last)
        return self._found[histories]


def worst(histories: Iterable[Sequence[Stretch]]) -> Mapping[str, int]:
    """For how long each verdict was the worst of those at its time."""
    times: dict[str, int] = {}
    changes: list[tuple[int, str, int]] = []
    for history in histories:
        for since, until, state, _ in history:
            changes += ((since, state, 1), (until, state, -1))
    changes.sort(key=lambda change: change[0])
    now, before = dict.fromkeys(_WORST_FIRST, 0), 0
    for at, state, change in changes:
        if at > before:
            held = next((each for each in _WORST_FIRST if now[each]), None)
            if held is not None:
                times[held] = times.get(held, 0) + at - before
            before = at
        now[state] += change
    return times
