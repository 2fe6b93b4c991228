"""What of a report decides what the rules in force say of it, where that is little.

Most rules see a few processes, by what they run, or find nothing where none of these runs. Where
all rules do so on a server, what they can see of a report fits into a few rows, and reports that
show them the same get the same verdicts; all but those of rules that read what each report tells
anew, as its time.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from service import times
from service.policies.evaluator.in_force import RuleInForce
from service.policies.evaluator.known_processes import KnownProcess, KnownProcesses
from service.policies.guard.facts import Told, facts_told
from service.policies.guard.guard import Guard
from service.policies.guard.inspection import reads_now, reads_only_day
from service.policies.guard.running_processes import counted
from service.policies.guard.sightings import Kind
from service.policies.guard.verdict import has_tag, seconds_between
from service.policies.rules.relations import facts_read, reads_logins, server_columns
from service.policies.rules.rule import Fact
from service.store.engines import Connection
from service.store.read.current import ServerRow, read_logins
from service.store.read.few import FewReader, Row
from service.store.read.tags import Tag

_OFTEN = ("id_serv", "fecha_hora", "recibido")  # what each report tells anew
_MOST_TAGS = 10_000
_MOST_SEEN = 500  # programs of a report: to look for the processes of more costs more than to copy


class View(NamedTuple):
    """What the rules can see of a report.

    told: what all of its processes tell. processes: by the rules that see them. rows: what rules
    see, each with a digest of it. frame: a digest of all else that decides what rules say that are
    not asked of each report.
    """

    report: ServerRow
    tags: Sequence[Tag]
    processes: Mapping[frozenset[str], Sequence[Row]]
    logins: Sequence[Row]
    told: Told
    frame: bytes
    rows: frozenset[tuple[frozenset[str], bytes]]


class Sight:
    """guard: has the rules loaded that use() gets."""

    def __init__(self, queries: Mapping[str, str], guard: Guard) -> None:
        self._queries, self._guard = queries, guard
        self._reader = FewReader(queries)
        self._known = KnownProcesses(self._reader, guard)
        self._rules: Mapping[str, RuleInForce] = {}
        self._kinds: Mapping[str, Kind] | None = None  # null: not asked for yet
        self._all: set[str | None] = set()  # tags where a rule sees all; null: on every server
        # Rules that need a program to find anything; and those that see all processes then.
        self._needing: frozenset[str] = frozenset()
        self._resting: frozenset[str] = frozenset()
        self._needing_tags: set[str] = set()
        self._doing: dict[tuple[str, str], frozenset[str]] = {}  # those for which a tag may do
        self._graces: list[int] = []
        self._facts: set[Fact] = set()
        self._of_logins: frozenset[str] = frozenset()  # rules that see logins
        self.fresh: frozenset[str] = frozenset()  # rules to be asked of each report

    def use(self, rules: Iterable[RuleInForce]) -> None:
        """Replaces the rules, which are about servers."""
        self._rules = {made.id: made for made in rules}
        self._kinds = None
        self._graces = sorted({m.rule.deadlines.grace_after_boot for m in self._rules.values()})
        self._facts = {fact for made in self._rules.values() for fact in _facts(made)}
        self._of_logins = frozenset(
            rule for rule, made in self._rules.items() if reads_logins(made.reads)
        )
        self.fresh = frozenset(rule for rule, made in self._rules.items() if _is_fresh(made))

    def of(
        self, connection: Connection, now: int, report: ServerRow, tags: Sequence[Tag]
    ) -> View | None:
        """Null where rules see all processes, or many, or many are new. Raises GuardEndedError.

        now: `:ahora`, microseconds.
        """
        self._look()
        values = {tag.key: tag.value for tag in tags}
        if any(tag is None or has_tag(values, tag) for tag in self._all):
            return None
        counts = Counter(number for (number,) in self._reader.running(connection, report))
        known = self._known
        if not known.meet(connection, counts):
            return None
        running = [(known[number], count) for number, count in counts.items()]
        awake = self._woken(values)
        for process, _ in running:
            if process.sees is not None:
                awake |= process.sees.needed_by
        awake = {rule for rule in awake if self._applies(rule, values)}
        if not awake.isdisjoint(self._resting):
            return None
        programs = self._seen((process for process, _ in running), awake)
        if len(programs) > _MOST_SEEN:
            return None
        processes = self._processes(connection, report, programs)
        logins = read_logins(connection, self._queries, report)
        facts, names = self._told(report, running, has_logins=bool(logins))
        digests = {(rules, _digest(sorted(rows))) for rules, rows in processes.items()}
        if logins:
            digests.add((self._of_logins, _digest(sorted(logins))))
        frame = self._frame(now, report, tags, facts)
        return View(report, tags, processes, logins, Told(facts, names), frame, frozenset(digests))

    def _told(
        self, report: ServerRow, running: Sequence[tuple[KnownProcess, int]], *, has_logins: bool
    ) -> tuple[frozenset[Fact], int]:
        """The facts of a report, and how many different names it lists."""
        counts: dict[int, int] = defaultdict(int)
        names: set[int | None] = set()
        for process, count in running:
            counts[process.bits] += count
            names.add(process.name)
        found = counted(counts, self._facts)
        return facts_told(report.row, *found, has_logins=has_logins), len(names - {None})

    def _seen(
        self, running: Iterable[KnownProcess], awake: Collection[str]
    ) -> dict[int, frozenset[str]]:
        """The rules that see each program. Those at rest see only what decides where they apply."""
        asleep = self._needing.difference(awake)
        found: dict[int, frozenset[str]] = {}
        for process in running:
            if process.sees is not None:
                rules = process.sees.applies | (process.sees.judged - asleep)
                if rules:
                    found[process.program] = _one(rules)
        return found

    def _processes(
        self, connection: Connection, report: ServerRow, seen: Mapping[int, frozenset[str]]
    ) -> dict[frozenset[str], list[Row]]:
        """The processes of these programs, by the rules that see them."""
        found: dict[frozenset[str], list[Row]] = defaultdict(list)
        if seen:
            for row in self._reader.processes(connection, report, seen):
                found[seen[row[3]]].append(row)
        return found

    def copy(self, image: Connection, view: View, asked: Iterable[str]) -> None:
        """Adds to the tables of the guard what these rules can see."""
        processes = [
            row
            for rules, rows in view.processes.items()
            if not rules.isdisjoint(asked)
            for row in rows
        ]
        self._reader.copy(image, view.report, view.tags, processes, view.logins, is_silent=False)

    def _look(self) -> None:
        """Asks the guard what rules see, once."""
        if self._kinds is not None:
            self._known.forget()
            return
        kinds = self._guard.sightings()
        self._all, self._doing = set(), {}
        few: set[str] = set()
        needing: set[str] = set()
        for rule, made in self._rules.items():
            kind = kinds.get(rule)
            sees_few = kind is not None and kind.sees_few and not made.reads_first_sight
            rests = kind is not None and kind.needs and not made.applies_by_first_sight
            if sees_few:
                few.add(rule)
            if rests:
                needing.add(rule)
            if not (sees_few or rests):
                self._all.add(made.rule.applies.tag)
        self._needing, self._resting = frozenset(needing), frozenset(needing - few)
        self._needing_tags = {rule for rule in needing if kinds[rule].needs_tags}
        self._known.use(few | needing)
        self._kinds = kinds

    def _woken(self, tags: Mapping[str, str]) -> set[str]:
        """The rules for which a tag does where they need processes. Raises GuardEndedError."""
        if not self._needing_tags or not tags:
            return set()
        unknown = [tag for tag in tags.items() if tag not in self._doing]
        if unknown:
            if len(self._doing) > _MOST_TAGS:
                self._doing, unknown = {}, list(tags.items())
            found = self._guard.relevant_tags(unknown)
            for place, tag in enumerate(unknown):
                doing = {rule for rule, places in found.items() if place in places}
                self._doing[tag] = frozenset(doing & self._needing_tags)
        return {rule for tag in tags.items() for rule in self._doing[tag]}

    def _applies(self, rule: str, tags: Mapping[str, str]) -> bool:
        """As far as tags tell."""
        tag = self._rules[rule].rule.applies.tag
        return tag is None or has_tag(tags, tag)

    def _frame(
        self,
        now: int,
        report: ServerRow,
        tags: Sequence[Tag],
        facts: Iterable[Fact],
    ) -> bytes:
        row = report.row
        running_for = seconds_between(row["arranque"], row["fecha_hora"])
        return _digest(
            {name: value for name, value in row.items() if name not in _OFTEN},
            [(tag.key, tag.value, tag.since_at) for tag in tags],
            sorted(facts),
            [running_for is not None and abs(running_for) < grace for grace in self._graces],
            now // times.DAY,
        )


@lru_cache(1000)
def _one(rules: frozenset[str]) -> frozenset[str]:
    """The same object for equal rules, which are kept of each server."""
    return rules


def _digest(*values: Any) -> bytes:  # noqa: ANN401 — what JSON holds
    return hashlib.blake2b(orjson.dumps(values), digest_size=16).digest()


def _facts(made: RuleInForce) -> Iterator[Fact]:
    yield from made.rule.requires
    yield from made.rule.requires_to_pass
    yield from facts_read(made.inspection.applies_reads)


def _is_fresh(made: RuleInForce) -> bool:
    """Whether it reads what each report tells anew, or that is not known."""
    statements = made.rule.sql, made.rule.applies.query
    columns = server_columns(made.reads)
    return (
        made.inspection.error is not None
        or columns is None
        or not columns.isdisjoint(_OFTEN)
        or (reads_now(*statements) and not reads_only_day(*statements))
    )
