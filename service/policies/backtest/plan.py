"""What would change if another folder of rules took the place of the present one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from service.policies.backtest.candidate import Candidates
from service.policies.backtest.history import Axis, Period
from service.policies.backtest.runs import BackTest
from service.policies.backtest.summary import Summary
from service.policies.evaluator.in_force import RuleInForce
from service.policies.guard.judged_rule import JudgedRule
from service.policies.guard.verdict import State
from service.policies.guard.warnings import applying_nowhere, tags_of_nobody
from service.policies.rules.rule import Scope
from service.store.read.past import PastServer
from service.times import HOUR


class Kind(StrEnum):
    """How a rule changes."""

    NEW = "new"
    GONE = "gone"
    TEXT = "another text"
    WORDS = "other words"  # or another severity: no verdict changes, but what is told may


@dataclass(slots=True)
class Side:
    """A rule before or after. says: the verdict now, by server."""

    rule: RuleInForce
    summary: Summary
    says: dict[int, State] = field(default_factory=dict)

    @property
    def counts(self) -> Counter[State]:
        return Counter(self.says.values())

    @property
    def unknown(self) -> float:
        """The part of the time that was judged of which nothing is known."""
        shares = self.summary.shares()
        return sum(share for (state, _), share in shares.items() if state is State.DESCONOCIDO)

    @property
    def openings(self) -> int:
        """Violations that began in the period."""
        since = self.summary.period.since
        return sum(row.violation.opened_in.received_at >= since for row in self.summary.rows)


@dataclass(frozen=True, slots=True)
class Change:
    """before: null where the rule is new. after: null where it is gone."""

    rule: str
    kind: Kind
    before: Side | None
    after: Side | None

    def begin_to_fail(self) -> set[int]:
        return failing(self.after) - failing(self.before)

    def cease_to_fail(self) -> set[int]:
        return failing(self.before) - failing(self.after)

    @property
    def changes_verdicts(self) -> bool:
        """Whether a server has another verdict now, or had one in the period.

        A rule that is new or gone changes nothing where it passes or does not apply.
        """
        before, after = _told(self.before), _told(self.after)
        return before != after


@dataclass(frozen=True, slots=True)
class Plan:
    """unchanged: how many rules stay as they are. warnings: of the rules of the new folder."""

    period: Period
    servers: Mapping[int, PastServer]
    changes: Sequence[Change]
    unchanged: int
    warnings: Sequence[str]

    @property
    def changes_verdicts(self) -> bool:
        return any(change.changes_verdicts for change in self.changes)


def make_plan(
    test: BackTest,
    before: Candidates,
    after: Candidates,
    period: Period,
    told: Callable[[], None],
) -> Plan:
    """Replays the rules that change, those of each side with the data files of that side.

    Rules about the fleet once an hour: an estimate. told: is called for each server and tick.
    """
    kinds = dict(_kinds(before.rules, after.rules))
    servers = test.servers()
    runs = [
        _replay(test, side, kinds.keys() & side.rules.keys(), period, servers, told)
        for side in (before, after)
    ]
    changes = [
        Change(rule, kinds[rule], runs[0].get(rule), runs[1].get(rule)) for rule in sorted(kinds)
    ]
    states: dict[str, Mapping[State, int]] = {
        change.rule: change.after.counts for change in changes if change.after is not None
    }
    rules = [rule.rule for rule in after.rules.values()]
    faults = [*applying_nowhere(rules, states), *tags_of_nobody(rules, test.tags())]
    return Plan(
        period,
        {server.id: server for server in servers},
        changes,
        len(after.rules.keys() - kinds.keys()),
        [f"{fault.path.stem}: {fault.reason}" for fault in faults],
    )


def failing(side: Side | None) -> set[int]:
    """The servers that fail now."""
    if side is None:
        return set()
    return {server for server, state in side.says.items() if state is State.FALLA}


def _kinds(
    before: Mapping[str, RuleInForce], after: Mapping[str, RuleInForce]
) -> Iterator[tuple[str, Kind]]:
    for rule in before.keys() | after.keys():
        if rule not in before:
            yield rule, Kind.NEW
        elif rule not in after:
            yield rule, Kind.GONE
        elif before[rule].hash != after[rule].hash:
            yield rule, Kind.TEXT
        elif _words(before[rule]) != _words(after[rule]):
            yield rule, Kind.WORDS


def _words(rule: RuleInForce) -> tuple[object, ...]:
    return rule.source, rule.rule.severity


def _replay(  # noqa: PLR0913, PLR0917 — what is replayed, and how
    test: BackTest,
    side: Candidates,
    wanted: Iterable[str],
    period: Period,
    servers: Sequence[PastServer],
    told: Callable[[], None],
) -> dict[str, Side]:
    rules = {rule: side.rules[rule] for rule in sorted(wanted)}
    test.guard.load([JudgedRule.of(rule.rule) for rule in rules.values()], side.data.tables())
    found = {
        rule: Side(of_rule, Summary(of_rule.rule.severity, period, test.waived(rule)))
        for rule, of_rule in rules.items()
    }
    for scope in Scope:
        of_scope = {rule: made for rule, made in rules.items() if made.rule.scope is scope}
        if not of_scope:
            continue
        if scope is Scope.SERVIDOR:
            results = test.of_servers(of_scope, period, Axis.LLEGADA, servers)
        else:
            run = test.of_fleet(of_scope, period, Axis.LLEGADA, max(HOUR, test.cadence))
            for _ in run.ticks:
                told()
            results = run.found(servers)
        for result in results:
            told()
            for rule in of_scope:
                of_rule = result.rules.get(rule)
                found[rule].summary.add(result.server, of_rule)
                if of_rule is not None and of_rule.says is not None:
                    found[rule].says[result.server.id] = of_rule.says[0]
    return found


_ORDINARY = {State.CUMPLE, State.NO_APLICA}


def _told(side: Side | None) -> tuple[object, ...]:
    if side is None:
        return (), (), 0
    rows = {
        (row.servidor, row.clave, row.abierta_en, row.confirmada_en, row.resuelta_en)
        for row in side.summary.rows
    }
    says = {item for item in side.says.items() if item[1] not in _ORDINARY}
    unknown = sum(
        part for (state, _), part in side.summary.time.items() if state is State.DESCONOCIDO
    )
    return tuple(sorted(says)), tuple(sorted(rows, key=repr)), unknown
