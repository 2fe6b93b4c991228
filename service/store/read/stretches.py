"""The verdicts of a rule on a server over time, from spans of verdicts and violations.

A pass is not stored: a server passes where neither stands. Of texts that judge at one time, that
which began last holds; of spans of verdicts that overlap, that which was judged last. A span goes
before a violation: what is unknown does not fail.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from service.store.engines import MAX_INTEGER


class Stretch(NamedTuple):
    """A time, up to until, of one verdict. reason: of one that is unknown or does not apply."""

    since: int
    until: int
    state: str
    reason: str | None = None


class History:
    """The verdicts of a rule on a server in a period, in their order.

    times: microseconds by state and reason. by_state: by state. last: the verdict at the end of the
    period; null if the rule did not judge the server then.
    """

    __slots__ = ("by_state", "last", "times", "verdicts")

    def __init__(self, verdicts: Sequence[Stretch], until: int) -> None:
        self.verdicts = verdicts
        self.times: dict[tuple[str, str | None], int] = {}
        self.by_state: dict[str, int] = {}
        for begins, ends, state, reason in verdicts:
            time = ends - begins
            self.times[state, reason] = self.times.get((state, reason), 0) + time
            self.by_state[state] = self.by_state.get(state, 0) + time
        self.last = verdicts[-1] if verdicts and verdicts[-1].until == until else None

    @property
    def state(self) -> str | None:
        """The verdict at the end of the period."""
        return None if self.last is None else self.last.state


class TextStretch(NamedTuple):
    """A time in which a text judged."""

    since: int
    until: int
    text_id: int


_P = TypeVar("_P", Stretch, TextStretch)


def stretches(
    texts: Iterable[TextStretch],
    spans: Mapping[int, Sequence[Stretch]],
    failing: Mapping[int, Sequence[Stretch]],
    since: int,
    until: int,
) -> list[Stretch]:
    """The verdicts between two moments, in their order; not judged where there is none.

    texts: by their beginnings. spans, failing: by text; spans as they were judged.
    """
    found: list[Stretch] = []
    for text in _laid_over(texts):
        begins, ends = max(text.since, since), min(text.until, until)
        if begins >= ends:
            continue
        own, failures = spans.get(text.text_id), failing.get(text.text_id)
        if not own and not failures:
            found.append(Stretch(begins, ends, "cumple"))
            continue
        above, below = _Layer(_laid_over(own or ())), _Layer(union(failures or ()))
        for stretch, is_free in above.between(begins, ends):
            if not is_free:
                found.append(stretch)
                continue
            found += [
                Stretch(part.since, part.until, "cumple") if passes else part
                for part, passes in below.between(stretch.since, stretch.until)
            ]
    return found


def silences(spans: Mapping[int, Sequence[Stretch]], since: int, until: int) -> tuple[Stretch, ...]:
    """When a server was silent between two moments, by the spans of all its rules."""
    different = {tuple(own) for own in spans.values()}  # silence is the same for most rules
    return tuple(
        union(
            span._replace(since=max(span.since, since), until=min(span.until, until))
            for own in different
            for span in _laid_over(own)
            if span.reason == "silencio" and span.since < until and span.until > since
        )
    )


def without(failing: Stretch, gaps: Iterable[tuple[int, int | None]]) -> Iterator[Stretch]:
    """What is left of a time; gaps: in their order, null while one goes on."""
    at = failing.since
    for begins, ends in gaps:
        if at < min(begins, failing.until):
            yield failing._replace(since=at, until=min(begins, failing.until))
        at = max(at, MAX_INTEGER if ends is None else ends)
    if at < failing.until:
        yield failing._replace(since=at)


def union(pieces: Iterable[Stretch]) -> list[Stretch]:
    """Times in which any of these stands."""
    found: list[Stretch] = []
    for piece in sorted(pieces):
        if found and piece.since <= found[-1].until:
            found[-1] = found[-1]._replace(until=max(found[-1].until, piece.until))
        else:
            found.append(piece)
    return found


class _Layer:
    """Times that do not overlap."""

    def __init__(self, pieces: list[Stretch]) -> None:
        self._pieces = pieces

    def between(self, since: int, until: int) -> Iterator[tuple[Stretch, bool]]:
        """All of a time, in order: what stands here, or that it is free."""
        at = since
        first = bisect_right(self._pieces, since, key=lambda piece: piece.until)
        for piece in self._pieces[first:]:
            if piece.since >= until:
                break
            if piece.since > at:
                yield Stretch(at, piece.since, ""), True
                at = piece.since
            ends = min(piece.until, until)
            yield piece._replace(since=at, until=ends), False
            at = ends
        if at < until:
            yield Stretch(at, until, ""), True


def _laid_over(pieces: Iterable[_P]) -> list[_P]:
    """The same times without overlaps, in order: the later piece holds."""
    found: list[_P] = []
    for piece in pieces:
        if piece.since >= piece.until:
            continue
        if found and piece.since < found[-1].until:
            left: list[_P] = []
            for other in found:
                left += _outside(other, piece)
            left.append(piece)
            left.sort(key=lambda each: each.since)
            found = left
        else:
            found.append(piece)
    return found


def _outside(piece: _P, other: _P) -> Iterator[_P]:
    """The parts of a piece that another one leaves."""
    if piece.since < other.since:
        yield piece._replace(until=min(piece.until, other.since))
    if piece.until > other.until:
        yield piece._replace(since=max(piece.since, other.until))
