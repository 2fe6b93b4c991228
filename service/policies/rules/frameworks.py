"""What the controls of a framework rest on: the verdicts of the rules that name them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from service.errors import FrameworkNotFoundError
from service.policies.rules import controls
from service.store.read.matrix import Matrix


@dataclass(frozen=True, slots=True)
class Control:
    """A control that rules name.

    rules: their names. The counts are of servers, each by the worst verdict of these rules on it,
    as if nothing were waived; not_applicable: those to which none of the rules applies. waived: of
    the servers that fail, those on which all that fails is waived. has_unknown: a rule is unknown
    on a server, whatever others say there.
    """

    id: str
    rules: Sequence[str]
    passing: int
    failing: int
    unknown: int
    not_applicable: int
    waived: int = 0
    has_unknown: bool = False

    @property
    def state(self) -> str | None:
        """The worst of its rules: falla, desconocido, falla where all is waived, cumple.

        Null without evidence: none of them judges a server.
        """
        if self.failing > self.waived:
            return "falla"
        if self.unknown or self.has_unknown:
            return "desconocido"
        return "falla" if self.waived else "cumple" if self.passing else None

    @property
    def is_waived(self) -> bool:
        """Whether it fails, and all that fails is waived."""
        return self.state == "falla" and self.failing == self.waived

    @property
    def share(self) -> int | None:
        """Per cent of the servers to which it applies that pass, rounded down; of none, null."""
        applies = self.passing + self.failing + self.unknown
        return 100 * self.passing // applies if applies else None

    @property
    def has_evidence(self) -> bool:
        """Whether a rule said of a server that it passes or fails."""
        return bool(self.passing or self.failing)


@dataclass(frozen=True, slots=True)
class Framework:
    """controls: those that rules name, the worst first. unspoken: those that no rule names.

    size: how many controls there are; enhancements are no controls of their own.
    """

    id: str
    size: int
    controls: Sequence[Control]
    unspoken: Sequence[str]

    @property
    def with_evidence(self) -> int:
        """How many controls have evidence, enhancements aside."""
        every = set(controls.every(self.id))
        return sum(control.has_evidence and control.id in every for control in self.controls)

    def in_state(self, state: str) -> int:
        return sum(control.state == state for control in self.controls)

    @property
    def waived(self) -> int:
        """How many of the controls that fail are waived."""
        return sum(control.is_waived for control in self.controls)


class _Pattern(NamedTuple):
    """Masks of verdicts, as MatrixServer has them, and how many servers have these."""

    failing: int
    failing_unwaived: int
    unknown: int
    passing: int
    not_applicable: int
    servers: int


def framework_of(matrix: Matrix, framework: str) -> Framework:
    """Raises FrameworkNotFoundError."""
    if framework not in controls.FRAMEWORKS:
        raise FrameworkNotFoundError(framework)
    masks: dict[str, int] = {}
    for position, rule in enumerate(matrix.rules):
        for control in rule.controls.get(framework, ()):
            masks[control] = masks.get(control, 0) | 1 << position
    patterns = _patterns(matrix)
    every = list(controls.every(framework))
    order = {control: position for position, control in enumerate(every)}
    found = [_control(matrix, control, mask, patterns) for control, mask in masks.items()]
    found.sort(key=lambda each: (_rank(each), order.get(each.id, len(every)), each.id))
    return Framework(
        framework, len(every), found, [control for control in every if control not in masks]
    )


def _patterns(matrix: Matrix) -> list[_Pattern]:
    """Most servers have the same few verdicts."""
    found = Counter(server[3:] for server in matrix.servers)
    return [
        _Pattern(
            failing,
            failing & ~waived,
            unknown,
            judged & ~(failing | unknown | not_applicable),
            not_applicable,
            servers,
        )
        for (judged, failing, unknown, not_applicable, waived), servers in found.items()
    ]


def _control(matrix: Matrix, control: str, mask: int, patterns: Sequence[_Pattern]) -> Control:
    passing = failing = unknown = not_applicable = waived = 0
    has_unknown = False
    for fails, fails_unwaived, is_unknown, passes, is_outside, servers in patterns:
        if is_unknown & mask:
            has_unknown = True
        if fails & mask:
            failing += servers
            waived += 0 if fails_unwaived & mask else servers
        elif is_unknown & mask:
            unknown += servers
        elif passes & mask:
            passing += servers
        elif is_outside & mask:
            not_applicable += servers
    rules = [rule.rule for position, rule in enumerate(matrix.rules) if mask >> position & 1]
    counts = (passing, failing, unknown, not_applicable, waived)
    return Control(control, rules, *counts, has_unknown=has_unknown)


def _rank(control: Control) -> int:
    if control.is_waived:
        return 2
    return {"falla": 0, "desconocido": 1, "cumple": 3, None: 4}[control.state]
