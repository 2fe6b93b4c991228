"""What OSCAL documents say of each rule: its status, counts, and what stands apart."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from service.policies.guard.verdict import State
from service.store.read.evaluation import Evaluation, OpenViolation, ServerVerdict
from service.store.read.waivers import Waiver

STATES = {
    State.CUMPLE: "pass",
    State.FALLA: "fail",
    State.DESCONOCIDO: "unknown",
    State.NO_APLICA: "not-applicable",
}
_APART = {State.FALLA, State.DESCONOCIDO}


@dataclass(slots=True)
class Covered:
    """A waiver, and the verdicts that it covers violations of."""

    waiver: Waiver
    verdicts: list[ServerVerdict] = field(default_factory=list)


class Verdicts:
    """is_complete: whether all that was reported is judged."""

    def __init__(self, evaluation: Evaluation, *, is_complete: bool) -> None:
        self._is_complete = is_complete
        self._servers = len(evaluation.assessed.servers)
        self._verdicts: dict[str, list[ServerVerdict]] = defaultdict(list)
        for verdict in evaluation.verdicts:
            self._verdicts[verdict.rule].append(verdict)
        self._violations: dict[tuple[int, str], list[OpenViolation]] = defaultdict(list)
        for violation in evaluation.violations:
            self._violations[violation.server_id, violation.rule].append(violation)
        rules = [each.rule for each in evaluation.assessed.rules]
        self.covered: Mapping[int, Covered] = self._covered(rules)

    def open_of(self, verdict: ServerVerdict) -> Sequence[OpenViolation]:
        return self._violations.get((verdict.server_id, verdict.rule), ())

    def apart(self, rule: str) -> Iterator[ServerVerdict]:
        """Of servers that fail or are unknown, or have a violation that is not resolved yet."""
        for verdict in self._verdicts[rule]:
            if verdict.state in _APART or self.open_of(verdict):
                yield verdict

    def passing(self, rule: str) -> Iterator[ServerVerdict]:
        """Of the servers that simply pass."""
        for verdict in self._verdicts[rule]:
            if verdict.state == State.CUMPLE and not self.open_of(verdict):
                yield verdict

    def status(self, rule: str) -> tuple[str, str]:
        """Satisfied only where all is judged, all of it passes, and no violation is open."""
        counts = self._counts(rule)
        if counts[State.FALLA]:
            return "not-satisfied", "fail"
        is_judged = self._is_complete and counts.total() == self._servers
        if is_judged and counts[State.CUMPLE] and not any(self.apart(rule)):
            return "satisfied", "pass"
        return "not-satisfied", "other"

    def counted(self, rule: str) -> Mapping[str, int]:
        """How many servers. fail-waived: of those that fail, where all that fails is waived."""
        counts = self._counts(rule)
        return {
            **{name: counts[state] for state, name in STATES.items()},
            "fail-waived": sum(self._is_waived(verdict) for verdict in self._verdicts[rule]),
            "not-judged": self._servers - counts.total(),
        }

    def _counts(self, rule: str) -> Counter[str]:
        return Counter(verdict.state for verdict in self._verdicts[rule])

    def _is_waived(self, verdict: ServerVerdict) -> bool:
        found = self.open_of(verdict)
        return (
            verdict.state == State.FALLA
            and bool(found)
            and all(each.waiver is not None for each in found)
        )

    def _covered(self, rules: Sequence[str]) -> dict[int, Covered]:
        """By number, the waivers of what fails now, or failed when it was last known."""
        found: dict[int, Covered] = {}
        for rule in rules:
            for verdict in self.apart(rule):
                waivers = [violation.waiver for violation in self.open_of(verdict)]
                for waiver in {each.id: each for each in waivers if each is not None}.values():
                    found.setdefault(waiver.id, Covered(waiver)).verdicts.append(verdict)
        return found


__all__ = ["STATES", "Covered", "Verdicts"]
