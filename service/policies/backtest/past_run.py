"""Judges the records from before new texts aside: since when had been open what they found open?

Server by server, in the order of their numbers, so that whoever is killed goes on where it was.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from service import times
from service.config import Config
from service.policies.backtest.history import Axis
from service.policies.backtest.recorder import Found
from service.policies.backtest.replay import ServerFound
from service.policies.backtest.runs import BackTest
from service.policies.evaluator.in_force import RuleInForce
from service.policies.evaluator.kept_data import with_kept
from service.policies.evaluator.progress import stored_rules
from service.policies.guard.judged_rule import JudgedRule
from service.policies.rules.data_files import DataFiles
from service.policies.rules.rule import Scope
from service.store.past_openings import DuePast, NewOpening, PastOpeningStore
from service.store.read.unjudged import UNDER_WAY
from service.store.write.rule_texts import RuleTextStore
from service.times import HOUR

_MAX_ATTEMPTS = 3  # processes that may end before it goes on
_SECONDS_BETWEEN = 5.0  # notes of servers on which nothing was open

Write = Callable[[Callable[[], Any]], Any]


@dataclass(frozen=True, slots=True)
class PastRun:
    """write: calls what stores something. is_urgent: whether something else is to be done first."""

    config: Config
    store: PastOpeningStore
    texts: RuleTextStore
    write: Write = lambda function: function()
    is_urgent: Callable[[], bool] = lambda: False

    def has_due(self) -> bool:
        return bool(self._due())

    def run(self) -> None:
        """Judges by the texts that come first. Raises StorageUnavailableError."""
        due = self._due()
        stored = self.texts.in_force()
        gone = {text.text_id for text in stored if text.missing_since is not None}  # since then
        due = [past for past in due if past.text_id not in gone]
        rules = {rule.text_id: rule for rule in stored_rules(stored).values()}
        self._end([past for past in due if past.attempts >= _MAX_ATTEMPTS], "failed")
        self._end([past for past in due if past.text_id not in rules], "superseded")
        left = [past for past in due if past.attempts < _MAX_ATTEMPTS and past.text_id in rules]
        alike = [past for past in left if _is_alike(past, left[0], rules)]
        if alike:
            with BackTest(self.config) as test:
                self._judge(test, alike, {past.text_id: rules[past.text_id] for past in alike})

    def _judge(
        self, test: BackTest, pasts: Sequence[DuePast], rules: Mapping[int, RuleInForce]
    ) -> None:
        """rules: by the numbers of their texts."""
        inspected = _loaded(test, rules.values())
        broken = [past for past in pasts if inspected[past.text_id].inspection.error is not None]
        self._end(broken, "failed")
        sound = [inspected[past.text_id] for past in pasts if past not in broken]
        if not sound:
            return
        # One that is judged report by report would slow down the others.
        chosen = [rule for rule in sound if rule.reads_first_sight == sound[0].reads_first_sight]
        texts = [rule.text_id for rule in chosen]
        self.write(lambda: self.store.begin(texts))
        by_id = {rule.id: rule for rule in _loaded(test, chosen).values()}
        first = pasts[0]
        servers = [
            server
            for server in test.servers()
            if server.id > first.servers_done and server.first_received_at <= first.until_at
        ]
        period = test.period(first.since_at, first.until_at)
        openings: list[NewOpening] | None
        if chosen[0].rule.scope is Scope.FLOTA:
            run = test.of_fleet(by_id, period, Axis.LLEGADA, HOUR)
            is_cut = any(self.is_urgent() for _ in run.ticks)
            found = () if is_cut else run.found(servers)
            openings = None if is_cut else [one for each in found for one in _openings(each)]
        else:
            openings = self._note(test.of_servers(by_id, period, Axis.LLEGADA, servers), texts)
        if openings is not None:
            rest = openings
            self.write(lambda: self.store.end(texts, "done", times.now(), rest))

    def _note(self, replayed: Iterable[ServerFound], texts: list[int]) -> list[NewOpening] | None:
        """Notes servers as they are judged. What is left to store; null where it is not whole."""
        openings: list[NewOpening] = []
        noted_at = time.monotonic()
        for each in replayed:
            openings += _openings(each)
            is_urgent = self.is_urgent()
            if openings or is_urgent or time.monotonic() - noted_at >= _SECONDS_BETWEEN:
                server_id, some = each.server.id, openings
                self.write(lambda: self.store.note(texts, server_id, some))  # noqa: B023
                openings, noted_at = [], time.monotonic()
            if is_urgent:
                return None
        return openings

    def _due(self) -> list[DuePast]:
        return self.store.due(times.now() - UNDER_WAY)

    def _end(self, pasts: Sequence[DuePast], ended_as: str) -> None:
        if pasts:
            texts = [past.text_id for past in pasts]
            self.write(lambda: self.store.end(texts, ended_as, times.now()))


def _is_alike(past: DuePast, first: DuePast, rules: Mapping[int, RuleInForce]) -> bool:
    """Whether two texts are judged by together: the same records, in the same way."""
    scopes = {rules[one.text_id].rule.scope for one in (past, first)}
    return past[1:4] == first[1:4] and len(scopes) == 1


def _loaded(test: BackTest, rules: Collection[RuleInForce]) -> dict[int, RuleInForce]:
    """The rules as the guard has them now, by the numbers of their texts, as if always in force."""
    data = with_kept(DataFiles(), (rule.outside for rule in rules))
    found = test.guard.load([JudgedRule.of(rule.rule) for rule in rules], data.tables())
    return {rule.text_id: replace(rule, inspection=found[rule.id], taken_up_at=0) for rule in rules}


def _openings(found: ServerFound) -> Iterator[NewOpening]:
    for rule in found.rules.values():
        yield from _open_at_the_end(found.server.id, rule)


def _open_at_the_end(server_id: int, found: Found) -> Iterator[NewOpening]:
    for violation in found.violations:
        if violation.ended is None and not violation.is_late:
            after = violation.opened_after
            yield NewOpening(
                server_id,
                violation.text_id,
                violation.kind,
                violation.key,
                None if after is None else after.at,
                violation.opened_in.at,
            )
