"""What is known of a rule on a server, in memory, and what of it has to be stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from service.store.verdict_rows import Bound, Judgement, Span, Violation


class LateSighting(NamedTuple):
    violation: Violation
    report: Bound


class RelapseGap(NamedTuple):
    """From a no to the next yes of a violation that was not resolved. seen: the yes before."""

    violation: Violation
    seen: Bound | None
    cleared: Bound
    back: Bound


class Standing(NamedTuple):
    """What is stored of a rule on a server that has nothing open or pending.

    text_id: of the text that judges it. span: state and reason of the one that goes on, or null.
    """

    text_id: int
    is_known: bool
    span: tuple[str, str] | None


class Transition(NamedTuple):
    """A violation was confirmed, or one that was confirmed has ended, and may have to be told."""

    violation: Violation
    is_end: bool


Written = Judgement | Span | Violation


@dataclass(slots=True)
class RuleState:
    """What is known of a rule on a server.

    last: the last event that judged it. open: by slot. pending: ended, but not as repaired, and
    what comes next is not known. openings: when violations of the text were opened lately. known:
    what ended, as far as it is loaded: a late report may have seen it. written: what has to be
    stored. transitions: what may have to be told, in its order.
    """

    server_id: int
    rule: str
    judgement: Judgement | None = None
    span: Span | None = None
    last: Bound | None = None
    open: dict[str, Violation] = field(default_factory=dict)
    pending: list[Violation] = field(default_factory=list)
    openings: list[int] = field(default_factory=list)
    known: list[Violation] = field(default_factory=list)
    written: list[Written] = field(default_factory=list)
    sightings: list[LateSighting] = field(default_factory=list)
    gaps: list[RelapseGap] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)

    @property
    def is_changed(self) -> bool:
        """Whether something has to be stored."""
        return bool(self.written or self.sightings or self.gaps)

    def write(self, row: Written) -> None:
        """Notes that a row is new or was changed."""
        if not any(row is other for other in self.written):
            self.written.append(row)
