"""Takes up rules as their files change, and keeps what was in force where they cannot be read.

A text is in force once its file was the same at two looks, is well formed, and its cases hold. A
file that is refused changes nothing: the text before it stays in force. A file that is gone is not
judged any more, and retired after a day; back within it, it goes on. A rule whose id another one in
force had before (`antes`) is retired at once. Each text that is taken up, refused or retired is a
line of the audit log before it is so.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from service.auth.audit_log import AuditLog
from service.errors import StorageUnavailableError
from service.policies.evaluator.in_force import RuleInForce, in_force, stored_rule
from service.policies.evaluator.kept_data import with_kept
from service.policies.evaluator.progress import listing_hash
from service.policies.evaluator.rule_watch import Listing, RuleWatch
from service.policies.evaluator.taken_up import log, tell, to_store
from service.policies.guard.check import check_rules
from service.policies.guard.guard import Guard
from service.policies.guard.inspection import Inspection
from service.policies.guard.judged_rule import JudgedRule
from service.policies.guard.text_hash import Silence
from service.policies.rules.data_files import DataFiles
from service.policies.rules.faults import InvalidRuleError, RuleFault
from service.policies.rules.folders import ADJUSTMENTS, Policies, read_policies
from service.policies.rules.places import SHIPPED_FOLDER
from service.policies.rules.rule import Rule, digest
from service.policies.rules.rule_file import read_source
from service.store.write.rule_texts import NewText, RuleTextStore, Taken
from service.times import DAY

_LOG = logging.getLogger(__name__)

KEPT_FOR = DAY  # a rule whose file is gone


@dataclass(slots=True)
class _Candidate:
    """A text that could be in force."""

    rule: Rule
    source: str
    adjustments: Mapping[str, Any] = field(default_factory=dict)


class TakeUp:
    """The rules in force. The guard has them loaded after resume() and each look."""

    def __init__(  # noqa: PLR0913, PLR0917 — each is passed in
        self,
        users: Path | None,
        store: RuleTextStore,
        audit: AuditLog,
        guard: Guard,
        silence: Silence,
        shipped: Path = SHIPPED_FOLDER,
    ) -> None:
        self._users, self._shipped = users, shipped
        self._store, self._audit, self._guard, self._silence = store, audit, guard, silence
        self._watch = RuleWatch([shipped] if users is None else [shipped, users])
        self._seen: Listing | None = None  # the listing of the last look
        self._taken: Listing | None = None  # the one that was taken up last
        self._data: DataFiles | None = None  # the last that had no fault
        self._told: set[str] = set()
        self.missing: dict[str, int] = {}  # since when the file of a rule is gone
        self._unreadable: set[str] = set()  # of the stored ones, by this version of the service
        self.rules: dict[str, RuleInForce] = self._stored()

    @property
    def in_force(self) -> set[str]:
        """The ids of all rules in force, those included that cannot be judged now."""
        return self.rules.keys() | self._unreadable

    @property
    def judged(self) -> dict[str, RuleInForce]:
        """The rules that are judged now."""
        return {rule.id: rule for rule in self.rules.values() if rule.is_judged}

    @property
    def epoch(self) -> int:
        """A number of the set of texts that servers are judged by; another set has another one."""
        texts = sorted((rule.id, rule.hash) for rule in self.judged.values())
        # A rule without its file is not judged; what it has open ends once it is retired.
        return int(digest([texts, sorted(self.rules)])[:15], 16)

    @property
    def files(self) -> str:
        """The hash of the listing of files that was taken up."""
        return listing_hash(self._taken)

    def changed_at(self) -> int:
        """When what is in force was changed last, in microseconds."""
        return self._store.changed_at()

    def resume(self) -> None:
        """Loads the texts that were in force when the last evaluator ended, with their data.

        One that this version of the service cannot run is not judged.
        """
        stored = {r: rule for r, rule in self.rules.items() if r not in self.missing}
        data = with_kept(DataFiles(), (rule.outside for rule in stored.values()))
        rules = [JudgedRule.of(rule.rule) for rule in stored.values()]
        found = self._guard.load(rules, data.tables())
        for rule_id, rule in self.rules.items():
            inspection = found.get(rule_id, rule.inspection)
            is_judged = rule_id in stored and inspection.error is None
            self.rules[rule_id] = replace(rule, inspection=inspection, is_judged=is_judged)

    def is_due(self, now: int) -> bool:
        """Looks at the files: whether something is to be taken up. now: microseconds."""
        self._seen = self._watch.look()
        return self._seen is not None and (self._seen != self._taken or self._is_over(now))

    def take(self, now: int) -> bool:
        """Takes up the files of the last look. Whether other texts are in force than before."""
        before = (self._taken is None, self.epoch)
        self._take(now)
        if self._watch.listing() == self._seen:  # otherwise it is taken up again
            self._taken = self._seen
        return (False, self.epoch) != before

    def _is_over(self, now: int) -> bool:
        return any(since <= now - KEPT_FOR for since in self.missing.values())

    def _stored(self) -> dict[str, RuleInForce]:
        """The rules in force when the last evaluator ended."""
        found: dict[str, RuleInForce] = {}
        for row in self._store.in_force():
            folder = self._shipped if row.is_shipped or self._users is None else self._users
            try:
                found[row.rule] = stored_rule(folder, row)
            except InvalidRuleError as error:  # of an older version of the service
                _LOG.warning("evaluator: the text in force of %s: %s", row.rule, error)
                self._unreadable.add(row.rule)
                continue
            if row.missing_since is not None:
                self.missing[row.rule] = row.missing_since
        return found

    def changes_texts(self) -> bool:
        """Whether take() would put other texts in force, as far as the files tell."""
        policies = self._read()
        candidates = self._candidates(policies, frozen=self._is_frozen(policies))
        data = self._data_of(policies)
        return candidates.keys() != self.judged.keys() or any(
            self._made_of(each, self.rules[rule_id].inspection, data).hash
            != self.rules[rule_id].hash
            for rule_id, each in candidates.items()
        )

    def _read(self) -> Policies:
        known = self._store.known_files()
        return read_policies(
            self._users,
            shipped=self._shipped,
            known={self._shipped: known[True]}
            | ({} if self._users is None else {self._users: known[False]}),
        )

    def _is_frozen(self, policies: Policies) -> bool:
        """Whether what cannot be read leaves all as it is."""
        return bool(self.rules) and (
            bool(self._watch.faults)
            or any(fault.path.name == ADJUSTMENTS for fault in policies.faults)
        )

    def _is_whole(self, policies: Policies) -> bool:
        """Whether all data files were read. A folder that shows nothing is missing its lists."""
        return not (self._watch.faults or policies.data.faults)

    def _data_of(self, policies: Policies) -> DataFiles:
        """The data to judge by: what rules in force have, while files of it cannot be read."""
        if self._is_whole(policies):
            return policies.data
        return self._data or with_kept(policies.data, [r.outside for r in self.rules.values()])

    def _take(self, now: int) -> None:
        policies = self._read()
        told = {fault.path for fault in self._watch.faults}  # a missing folder is found by both
        faults = [*self._watch.faults, *(each for each in policies.faults if each.path not in told)]
        data = self._data_of(policies)
        frozen = self._is_frozen(policies)
        made = self._made(self._candidates(policies, frozen=frozen), data)
        faults += self._checked(made, data)
        try:
            self._change(now, policies, made, faults, frozen=frozen)
            self._data = data if self._is_whole(policies) else self._data
        except StorageUnavailableError:  # the guard has texts that are not in force
            data = self._data or with_kept(data, [r.outside for r in self.rules.values()])
            raise
        finally:
            rules = [JudgedRule.of(rule.rule) for rule in self.judged.values()]
            self._guard.load(rules, data.tables())

    def _candidates(self, policies: Policies, *, frozen: bool) -> dict[str, _Candidate]:
        found: dict[str, _Candidate] = {}
        for rule in () if frozen else policies.rules.values():
            try:
                source = read_source(rule.path)
            except InvalidRuleError:  # it changes just now
                policies.refused.add(rule.id)
            else:
                found[rule.id] = _Candidate(rule, source, policies.adjustments.get(rule.id, {}))
        for rule_id, kept in self.rules.items():
            if frozen or rule_id in policies.refused:
                found[rule_id] = _Candidate(kept.rule, kept.source, kept.adjustments)
        return found

    def _made(
        self, candidates: Mapping[str, _Candidate], data: DataFiles
    ) -> dict[str, RuleInForce]:
        rules = [candidate.rule for candidate in candidates.values()]
        inspections = self._guard.load([JudgedRule.of(rule) for rule in rules], data.tables())
        return {
            rule_id: self._with_text_id(self._made_of(candidate, inspections[rule_id], data))
            for rule_id, candidate in candidates.items()
        }

    def _made_of(
        self, candidate: _Candidate, inspection: Inspection, data: DataFiles
    ) -> RuleInForce:
        return in_force(
            candidate.rule,
            candidate.source,
            inspection,
            data,
            self._silence,
            candidate.adjustments,
        )

    def _with_text_id(self, made: RuleInForce) -> RuleInForce:
        before = self.rules.get(made.id)
        if before is None or before.hash != made.hash:
            return made
        return replace(made, text_id=before.text_id, taken_up_at=before.taken_up_at)

    def _checked(self, made: dict[str, RuleInForce], data: DataFiles) -> list[RuleFault]:
        """Runs the cases of new texts. Those with a fault give way to what was in force."""
        fresh = [rule.rule for rule in made.values() if not rule.text_id]
        if not fresh:
            return []
        _, faults = check_rules(self._guard, fresh, data)
        paths = {fault.path for fault in faults}
        for rule in fresh:
            if rule.path in paths:
                del made[rule.id]
                kept = self.rules.get(rule.id)
                if kept is not None:
                    candidate = _Candidate(kept.rule, kept.source, kept.adjustments)
                    made |= self._made({rule.id: candidate}, data)
        return faults

    def _change(
        self,
        now: int,
        policies: Policies,
        made: dict[str, RuleInForce],
        faults: Sequence[RuleFault],
        *,
        frozen: bool,
    ) -> None:
        gone = {} if frozen else {r: self.rules[r] for r in self.rules.keys() - made.keys()}
        missing = {r: self.missing.get(r, now) for r in gone.keys() - policies.off}
        renamed = {rule.rule.formerly for rule in made.values() if rule.is_judged}
        retired = {r for r in gone if r in policies.off | renamed or missing[r] <= now - KEPT_FOR}
        missing = {r: since for r, since in missing.items() if r not in retired}
        new = {r: rule for r, rule in made.items() if not rule.text_id}
        taken = Taken(
            at=now,
            new=[self._to_store(rule) for rule in new.values()],
            words=[
                self._to_store(rule)
                for rule_id, rule in made.items()
                if rule.text_id and rule.source != self.rules[rule_id].source
            ],
            missing={r: missing[r] for r in missing.keys() - self.missing.keys()},
            back=sorted((self.missing.keys() & made.keys()) - new.keys()) if not frozen else [],
            retired=sorted(retired),
            faults=[to_store(fault) for fault in faults],
        )
        tell(self._audit, taken, self._store.noted_faults(), self.rules)
        self._told = log(taken, faults, self._told)
        numbers = self._store.take_up(taken)
        for rule_id, rule in new.items():
            made[rule_id] = replace(rule, text_id=numbers[rule_id], taken_up_at=now)
        for rule_id in missing:
            made[rule_id] = replace(gone[rule_id], is_judged=False)
        self.rules = made
        self._unreadable = set()
        self.missing = missing if not frozen else self.missing

    def _to_store(self, rule: RuleInForce) -> NewText:
        return rule.to_store(is_shipped=rule.rule.path.parent == self._shipped)
