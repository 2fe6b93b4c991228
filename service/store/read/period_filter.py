"""What a period is about, and the part of it of which all is judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from service.store.engines import MAX_INTEGER
from service.store.read.moments import ended_after
from service.store.read.stretches import Stretch
from service.store.read.waivers import Waiver
from service.store.tag_format import WantedTag


@dataclass(frozen=True, slots=True)
class PeriodFilter:
    """What a period is about; a null criterion selects all.

    since, until: null for where verdicts begin, and for how far all is judged. known_at: as it was
    known then. severity, framework: as the rule had them at the end of the period; so is the tag.
    """

    since: int | None = None
    until: int | None = None
    known_at: int | None = None
    rule: str | None = None
    server_id: int | None = None
    severity: str | None = None
    framework: str | None = None
    tag: WantedTag | None = None


class DeafSpan(NamedTuple):
    """The service could hear nobody. until: null while it goes on."""

    since: int
    until: int | None


class PeriodRule(NamedTuple):
    """severity, controls: those of the end of the period. number: its place in lists."""

    rule: str
    number: int
    is_fleet: bool
    severity: str
    controls: Mapping[str, Sequence[str]]


class PeriodServer(NamedTuple):
    """is_closed: all of the period is judged, and so is a report after it: no rule about a server
    changes in it.

    is_closed_for_fleet: the same of rules about the fleet. silences: when it was silent, by all
    rules, whichever are asked for.
    """

    id: int
    ip_server: str
    nombre_host: str | None
    is_closed: bool
    is_closed_for_fleet: bool
    silences: tuple[Stretch, ...] = ()

    @property
    def silent_time(self) -> int:
        return sum(silence.until - silence.since for silence in self.silences)


@dataclass(frozen=True, slots=True)
class Known:
    """The part of a period of which all is judged, and what it is about.

    begins_at: the first verdict of all; null if there is none. deaf: when the service could hear
    nobody. rules: by text. waivers: those that were in force at any time of it, the newest first,
    without those of other servers than the one asked for. waived: by rule and server, where all
    that fails at its end is waived; the one that ends first.
    """

    criteria: PeriodFilter
    since: int
    until: int
    begins_at: int | None
    rules: Mapping[int, PeriodRule]
    deaf: Sequence[DeafSpan]
    waivers: Sequence[Waiver] = ()
    waived: Mapping[tuple[str, int], Waiver] = field(default_factory=dict)

    @property
    def length(self) -> int:
        """In microseconds."""
        return max(self.until - self.since, 0)

    @property
    def is_whole(self) -> bool:
        """Whether all of the period that is asked for is judged: nothing will be added to it."""
        return self.until == min(end_of(self.criteria.until), end_of(self.criteria.known_at))

    @property
    def deaf_time(self) -> int:
        """For how long of it the service could hear nobody."""
        return sum(
            min(self.until, self.until if span.until is None else span.until)
            - max(self.since, span.since)
            for span in self.deaf
        )

    def parameters(self) -> dict[str, Any]:
        known_at = self.criteria.known_at
        return {
            "since": self.since,
            "until": self.until,
            "known_at": known_at,
            "rule": self.criteria.rule,
            "ended_after": ended_after(self.since, known_at),
        }


def end_of(moment: int | None) -> int:
    """The end of what goes on is that of time."""
    return MAX_INTEGER if moment is None else moment
