"""How far an evaluator has come: whether all that was to be judged at a moment is judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from service.policies.evaluator.in_force import RuleInForce, stored_rule
from service.policies.evaluator.rule_watch import Listing, RuleWatch
from service.policies.evaluator.tasks import TaskMaker
from service.policies.rules.faults import InvalidRuleError
from service.policies.rules.places import SHIPPED_FOLDER
from service.policies.rules.rule import Scope
from service.store.engines import Database
from service.store.read.retirements import RetirementReader
from service.store.read.tags import TagReader
from service.store.read.unjudged import UnjudgedReader
from service.store.write.rule_texts import StoredText


class Progress:
    """Whether everything is judged. Its methods raise StorageUnavailableError."""

    def __init__(
        self,
        database: Database,
        reader: UnjudgedReader,
        tasks: TaskMaker,
        tags: TagReader,
        retirements: RetirementReader,
    ) -> None:
        self._database, self._reader = database, reader
        self._tasks, self._tags, self._retirements = tasks, tags, retirements

    def is_reached(self, until: int, rules: Mapping[str, RuleInForce], epoch: int) -> bool:
        """Whether all that arrived or fell due until then is judged by these rules.

        until: microseconds. epoch: the number of the set of texts.
        """
        with self._database.snapshot() as connection:
            since = self._reader.waiting(connection).since
            if since is not None and since <= until:
                return False
            if self._reader.of_other_epochs(connection, epoch):
                return False
            is_fleet_judged = any(rule.rule.scope is Scope.FLOTA for rule in rules.values())
            if is_fleet_judged and self._reader.is_fleet_unjudged(connection, until):
                return False
            told = (self._tags, self._retirements)
            if any(reader.servers_with_new(connection, until) for reader in told):
                return False
        makes = (self._tasks.of_silence, self._tasks.of_clocks)
        return not any(make(rules, until) for make in makes)


def listing_of(users: Path | None) -> Listing:
    """The files of rules as they are now."""
    return RuleWatch([SHIPPED_FOLDER] if users is None else [SHIPPED_FOLDER, users]).listing()


def stored_rules(stored: Sequence[StoredText]) -> dict[str, RuleInForce]:
    """The rules of texts in force whose files are there."""
    found: dict[str, RuleInForce] = {}
    for text in stored:
        if text.missing_since is None:
            try:
                found[text.rule] = stored_rule(SHIPPED_FOLDER, text)
            except InvalidRuleError:  # of another version of the service
                continue
    return found


def listing_hash(listing: Listing | None) -> str:
    """By which an evaluator tells other processes which files it took up."""
    return sha256(repr(sorted(listing or ())).encode()).hexdigest()
