"""What the controls of a framework rest on: the verdicts of the rules that name them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from service.errors import FrameworkNotFoundError
from service.policies.rules import controls
from service.store.read.matrix import Matrix, MatrixServer

# The worst of its rules is a control's; none judges a server of them: there is no evidence.
_WORST_FIRST = ("falla", "desconocido", "cumple")


@dataclass(frozen=True, slots=True)
class Control:
    """A control that rules name.

    rules: their names. The counts are of servers, each by the worst verdict of these rules on it;
    no_aplica: those to which none of the rules applies.
    """

    id: str
    rules: Sequence[str]
    passing: int
    failing: int
    unknown: int
    not_applicable: int

    @property
    def state(self) -> str | None:
        """falla, desconocido, cumple; null without evidence."""
        counts = (self.failing, self.unknown, self.passing)
        return next((state for state, n in zip(_WORST_FIRST, counts, strict=True) if n), None)

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


def framework_of(matrix: Matrix, framework: str) -> Framework:
    """Raises FrameworkNotFoundError."""
    if framework not in controls.FRAMEWORKS:
        raise FrameworkNotFoundError(framework)
    masks: dict[str, int] = {}
    for position, rule in enumerate(matrix.rules):
        for control in rule.controls.get(framework, ()):
            masks[control] = masks.get(control, 0) | 1 << position
    # Most servers have the same few verdicts.
    patterns = Counter(server[3:] for server in matrix.servers)
    servers = [(MatrixServer(0, "", None, *masks_of), n) for masks_of, n in patterns.items()]
    every = list(controls.every(framework))
    order = {control: position for position, control in enumerate(every)}
    found = [_control(matrix, control, mask, servers) for control, mask in masks.items()]
    found.sort(key=lambda each: (_rank(each), order.get(each.id, len(every)), each.id))
    return Framework(
        framework, len(every), found, [control for control in every if control not in masks]
    )


def _control(
    matrix: Matrix, control: str, mask: int, servers: Sequence[tuple[MatrixServer, int]]
) -> Control:
    passing = failing = unknown = not_applicable = 0
    for server, count in servers:
        if server.failing & mask:
            failing += count
        elif server.unknown & mask:
            unknown += count
        elif server.passing & mask:
            passing += count
        elif server.not_applicable & mask:
            not_applicable += count
    rules = [rule.rule for position, rule in enumerate(matrix.rules) if mask >> position & 1]
    return Control(control, rules, passing, failing, unknown, not_applicable)


def _rank(control: Control) -> int:
    return len(_WORST_FIRST) if control.state is None else _WORST_FIRST.index(control.state)
