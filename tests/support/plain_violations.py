"""The life of violations, computed as simply as possible from all events of one rule on one server.

It is written from the words of the rules alone: it keeps every event in a list, and looks through
that list for each key. The bounds on how many violations a rule may have are not in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from service.policies.guard.verdict import State
from service.policies.machine.events import Ended, Event, Fin, Judged, Late, Terms
from service.policies.rules.rule import Threshold
from service.store.verdict_rows import Bound

SECOND = 1_000_000

Said = str  # yes, no, unknown, gone


class Entry(NamedTuple):
    """An event, and the text in force; null for the end of a rule."""

    terms: Terms | None
    event: Event


@dataclass
class Found:
    """A violation, as the table must show it. ended: bound, how, when it was known."""

    text_id: int
    key: str
    opened_after: Bound | None
    opened_in: Bound
    confirmed: Bound | None = None
    seen: Bound | None = None
    ended: tuple[Bound, str, int] | None = None
    relapses: int = 0
    is_late: bool = False
    former: Found | None = None
    continues: Found | None = None
    tardios: list[int | None] = field(default_factory=list)

    @property
    def case_since(self) -> int:
        return self.opened_in.at if self.continues is None else self.continues.case_since


@dataclass
class Segment:
    """The events of one text, from its first verdict to its end."""

    terms: Terms
    events: list[Judged | Ended] = field(default_factory=list)
    end: tuple[Bound, str] | None = None


def segments(entries: Sequence[Entry]) -> list[Segment]:
    found: list[Segment] = []
    for terms, event in entries:
        running = found[-1] if found and found[-1].end is None else None
        if isinstance(event, Late):
            continue
        if isinstance(event, Ended):
            if running is not None and event.fin is Fin.REGLA_RETIRADA:
                running.end = (event.bound, event.fin)
            elif running is not None and not isinstance(running.events[-1], Ended):
                running.events.append(event)
            continue
        assert terms is not None
        if running is not None and running.terms.text_id != terms.text_id:
            running.end = (event.bound, Fin.REGLA_CAMBIADA)
            running = None
        if running is None:
            found.append(running := Segment(terms))
        running.events.append(event)
    return found


def said(event: Judged | Ended, key: str) -> Said:
    """What an event says of a key; what a silent server shows is not said."""
    if isinstance(event, Ended) or event.verdict.state is State.NO_APLICA:
        return "gone"
    if event.is_silent or event.verdict.state is State.DESCONOCIDO:
        return "unknown"
    if key in shown(event):
        return "yes"
    incomplete = event.verdict.state is State.FALLA and event.verdict.detail is not None
    return "unknown" if incomplete else "no"


def shown(event: Judged | Late) -> set[str]:
    if event.verdict.state is not State.FALLA:
        return set()
    return {f'{{"name":"{finding.key[0]}"}}' for finding in event.verdict.findings}


def keys(entries: Sequence[Entry]) -> list[str]:
    events = [event for _, event in entries if not isinstance(event, Ended)]
    return sorted(set().union(*(shown(event) for event in events))) if events else []


def violations(entries: Sequence[Entry]) -> list[Found]:
    """All violations, those of late reports included."""
    in_order = [found for key in keys(entries) for found in _life(segments(entries), key)]
    return in_order + _late(entries, in_order)


def _life(parts: Sequence[Segment], key: str) -> Iterator[Found]:
    pending: Found | None = None  # ended, but not as repaired; nothing was said since
    resolved: dict[int, Found] = {}  # the last of each text
    for part in parts:
        says = [said(event, key) for event in part.events]
        at = 0
        while at < len(says):
            event = part.events[at]
            silently = (
                isinstance(event, Judged)
                and event.is_silent
                and pending is not None
                and key in shown(event)
            )
            if says[at] != "yes" and not silently:
                if says[at] == "no":
                    pending = None
                at += 1
                continue
            says[at] = "yes"
            start = at
            found, at = _violation(part, says, start, key)
            # A no that a relapse followed ended nothing: it is no "last no" of what comes later.
            last_yes = max(number for number in range(start, at) if says[number] == "yes")
            says[start:last_yes] = ["yes"] * (last_yes - start)
            found.continues, pending = pending, None
            if found.continues is not None and found.continues.confirmed is not None:
                found.confirmed = found.opened_in
            found.former = resolved.get(part.terms.text_id)
            yield found
            if found.ended is not None and found.ended[1] == Fin.RESUELTA:
                resolved[part.terms.text_id] = found
            elif found.ended is not None:
                pending = found


def _violation(part: Segment, says: list[Said], start: int, key: str) -> tuple[Found, int]:
    """The violation that opens at an event, and where to look on."""
    bounds = [event.bound for event in part.events]
    nos = [at for at in range(start) if says[at] == "no"]
    after = _last_no(part, nos[-1], start) if nos else None
    found = Found(part.terms.text_id, key, after, bounds[start])
    run: list[int] = []  # of the same answer, whatever unknowns stand between
    last_yes = start
    for at in range(start, len(says)):
        if says[at] == "unknown":
            continue
        if says[at] == "gone":
            event = part.events[at]
            fin = event.fin if isinstance(event, Ended) else Fin.DEJO_DE_APLICAR
            found.seen = _last_yes(part, start, last_yes, {at, *_first_no(says, run)})
            found.ended = (bounds[at], fin, bounds[at].received_at)
            return found, at + 1
        if run and says[run[-1]] != says[at]:
            found.relapses += says[at] == "yes"
            run = []
        run.append(at)
        if says[at] == "yes":
            last_yes = at
            if found.confirmed is None and _reaches(part, run, part.terms.confirm):
                found.confirmed = bounds[at]
        elif _reaches(part, run, part.terms.resolve):
            found.seen = _last_yes(part, start, last_yes, {run[0]})
            cleared = _cleared(bounds[run[0]], found)
            found.ended = (cleared, Fin.RESUELTA, bounds[at].received_at)
            return found, at + 1
    seen = _last_yes(part, start, last_yes, _first_no(says, run))
    if part.end is not None:
        found.seen = seen
        found.ended = (*part.end, part.end[0].received_at)
    elif last_yes != len(says) - 1 or _is_silent(part.events[-1]):
        found.seen = seen
    return found, len(says)


def _last_no(part: Segment, last: int, start: int) -> Bound | None:
    """The last no before an opening, as a bound whose place is not after it.

    An event judges the report before it anew, which is the bound where the event is none.
    """
    no: Bound | None = part.events[last].bound
    for at in sorted({last + 1, start}):
        event = part.events[at]
        previous = event.previous if isinstance(event, Judged) else None
        if previous is not None and no is not None and no.at > event.bound.at:
            no = previous if part.events[at - 1].bound.report_id is None else None
    return no


def _cleared(no: Bound, found: Found) -> Bound:
    """A no of before the event that opened the violation: it was heard when it arrived."""
    return no._replace(at=no.received_at) if no.at < found.opened_in.at else no


def _first_no(says: Sequence[Said], run: Sequence[int]) -> set[int]:
    return {run[0]} if says[run[0]] == "no" else set()


def _last_yes(part: Segment, start: int, last: int, noted: set[int]) -> Bound:
    """The last yes, as a bound whose place is not after those of the events that noted it.

    noted: beside the event that followed it.
    """
    opened, yes = part.events[start].bound, part.events[last].bound
    for at in sorted(noted | {last + 1}):
        event = part.events[at] if at < len(part.events) else None
        previous = event.previous if isinstance(event, Judged) else None
        if event is None or previous is None or yes.at <= event.bound.at:
            continue
        is_judged_anew = part.events[at - 1].bound.report_id is None
        yes = previous if is_judged_anew and previous.at >= opened.at else opened
    return yes


def _is_silent(event: Judged | Ended) -> bool:
    return isinstance(event, Judged) and event.is_silent


def _reaches(part: Segment, run: Sequence[int], threshold: Threshold) -> bool:
    reports = [
        at
        for at, event in enumerate(part.events)
        if isinstance(event, Judged) and event.report_at is not None
    ]
    if threshold.reports is not None:
        return 1 + len([at for at in run[1:] if at in reports]) >= threshold.reports
    total = 0
    for before, after in pairwise(reports):
        if before in run and after in run:
            first, second = part.events[before], part.events[after]
            assert isinstance(first, Judged)
            assert isinstance(second, Judged)
            gap = (second.report_at or 0) - (first.report_at or 0)
            total += gap if second.longest_gap is None or gap <= second.longest_gap else 0
    return total >= (threshold.seconds or 0) * SECOND


def _late(entries: Sequence[Entry], in_order: Sequence[Found]) -> list[Found]:
    found: list[Found] = []
    for number, (terms, event) in enumerate(entries):
        if not isinstance(event, Late) or terms is None:
            continue
        before = entries[:number]
        parts = segments(before)
        if not parts or parts[-1].end is not None or parts[-1].terms.text_id != terms.text_id:
            continue
        if event.bound.at < parts[-1].events[0].bound.at:
            continue
        for key in sorted(shown(event)):
            known = [each for each in _life(parts, key) if each.text_id == terms.text_id]
            was_open = [
                each
                for each in known
                if each.opened_in.at <= event.bound.at
                and (each.ended is None or event.bound.at < each.ended[0].at)
            ]
            same = [
                each
                for each in found
                if (each.text_id, each.key, each.opened_after) == (terms.text_id, key, event.after)
            ]
            if was_open:
                (now,) = [
                    each
                    for each in in_order
                    if (each.text_id, each.key) == (terms.text_id, key)
                    and each.opened_in == was_open[0].opened_in
                ]
                now.tardios.append(event.bound.report_id)
            elif same:
                same[0].tardios.append(event.bound.report_id)
            else:
                ended = (event.until or event.bound, Fin.RESUELTA, event.bound.received_at)
                bounds = (event.after, event.bound, event.bound, event.bound)
                found.append(Found(terms.text_id, key, *bounds, ended, is_late=True))
    return found
