"""What is stored of rules on servers, kept in memory from one report of a server to the next.

Most reports find a server as the one before did, and to load what is known of its rules costs more
than to judge them. Nobody but the evaluator writes it. What a round has in hand is not kept until
the round is stored; so after one that is not stored, it is loaded anew.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from service.policies.evaluator.task import Task
from service.policies.guard.verdict import Verdict
from service.policies.machine.events import Terms
from service.policies.machine.machine import changes_nothing, says_the_same
from service.store.engines import Connection
from service.store.rule_state import RuleState
from service.store.write.verdicts import States, VerdictStore

_MOST_SERVERS = 10_000  # some kilobytes each
_MOST_VIOLATIONS = 100  # of a server: a hostile report could have very many


class _Server(NamedTuple):
    """settled: the verdicts that changed nothing, without rows. states: of the other rules."""

    settled: Mapping[str, Verdict]
    states: Mapping[str, RuleState]


class Taken(NamedTuple):
    """What a round has in hand.

    states: of rules that a verdict may change. settled: by server with a report in order, the rules
    of whose verdicts nothing has to be stored.
    """

    states: States
    settled: Mapping[int, Mapping[str, Verdict]]

    def is_settled(self, task: Task) -> bool:
        """Whether nothing has to be stored of any verdict."""
        settled = self.settled.get(task.server.id)
        return settled is not None and settled.keys() >= task.verdicts.keys()


class KnownStates:
    """Of servers whose last event was a report in order."""

    def __init__(self, store: VerdictStore, most: int = _MOST_SERVERS) -> None:
        """most: servers that are kept."""
        self._store, self._most = store, most
        self._servers: OrderedDict[int, _Server] = OrderedDict()
        self._terms: Mapping[str, Terms] = {}
        self._formerly: Collection[str] = ()

    def use(self, terms: Mapping[str, Terms], formerly: Collection[str]) -> None:
        """Replaces the rules. formerly: those that continue what is pending under other ids."""
        self._terms, self._formerly = terms, formerly
        self._servers.clear()

    def take(self, connection: Connection, tasks: Sequence[Task]) -> Taken:
        """Of each server there is one task, whose verdicts are known."""
        settled: dict[int, Mapping[str, Verdict]] = {}
        states: dict[tuple[int, str], RuleState] = {}
        unknown: list[Task] = []
        for task in tasks:
            server = self._servers.pop(task.server.id, None)
            if not task.is_plain_report:
                continue
            found = {} if server is None else _settled(server, task)
            if server is None or task.verdicts.keys() - found.keys() - server.states.keys():
                unknown.append(task)
                continue
            settled[task.server.id] = found
            for rule in task.verdicts.keys() - found.keys():
                states[task.server.id, rule] = server.states[rule]
        settled |= self._stored(connection, unknown)
        taken = Taken(States(states), settled)
        unknown += [task for task in tasks if not task.is_plain_report]
        servers = [task.server.id for task in unknown if not taken.is_settled(task)]
        unchanged = {(server, rule) for server in servers for rule in settled.get(server, ())}
        if servers:
            taken.states.add(self._store.load(connection, servers, unchanged=unchanged))
        return taken

    def _stored(
        self, connection: Connection, tasks: Sequence[Task]
    ) -> dict[int, Mapping[str, Verdict]]:
        """By server, the verdicts on these reports for which nothing has to be stored."""
        servers = [task.server.id for task in tasks]
        standings = self._store.standings(connection, servers)
        return {
            task.server.id: {
                rule: verdict
                for rule, verdict in task.verdicts.items()
                if rule not in self._formerly  # what is pending under its former id is its own
                and changes_nothing(
                    standings.get((task.server.id, rule)), self._terms[rule], verdict
                )
            }
            for task in tasks
        }

    def keep(self, tasks: Sequence[Task], taken: Taken) -> None:
        """What was in hand is stored. Of servers of which all is settled, or open."""
        if self._formerly:
            return
        for task in tasks:
            settled = taken.settled.get(task.server.id)
            if settled is None:
                continue
            rules = task.verdicts.keys() - settled.keys()
            states = {rule: taken.states[task.server.id, rule] for rule in rules}
            if sum(len(state.open) for state in states.values()) > _MOST_VIOLATIONS:
                continue
            if all(state.open for state in states.values()):
                settled = {rule: _without_rows(verdict) for rule, verdict in settled.items()}
                self._servers[task.server.id] = _Server(settled, states)
        while len(self._servers) > self._most:
            self._servers.popitem(last=False)


def _without_rows(verdict: Verdict) -> Verdict:
    """What it says; one that cannot be told may show many rows."""
    return verdict._replace(findings=()) if verdict.findings else verdict


def _settled(server: _Server, task: Task) -> dict[str, Verdict]:
    return {
        rule: verdict
        for rule, verdict in task.verdicts.items()
        if (before := server.settled.get(rule)) is not None
        and (before is verdict or says_the_same(before, verdict))
    }
