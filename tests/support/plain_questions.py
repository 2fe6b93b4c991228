"""Questions about the records of plain_time.py: at a moment, now, and from when to when.

The rest of the oracle of DESIGN.md section 3, "Time and trust". READING marks a place where the
text has more than one reading. Times and ages are microseconds.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.support.plain_time import MINUTE, Record, Server, newest_in_order


@dataclass(frozen=True)
class Silence:
    """The settings COMPLIANCE_SILENT_AFTER (here in microseconds) and _SILENT_INTERVALS."""

    after: int = 15 * MINUTE
    intervals: int = 3


@dataclass(frozen=True)
class Answer:
    """A server at a moment."""

    record: Record | None  # the one shown; None: nothing in order was there yet
    following: Record | None  # the next one in order, whose e ends what is shown
    open: bool
    tardios: tuple[Record, ...]  # by t; each record's r says when it came


@dataclass(frozen=True)
class State:
    """A server that is shown, and for how long it has said nothing."""

    record: Record
    age: int | None  # None: nothing of it had arrived then
    silent: bool


@dataclass(frozen=True)
class Span:
    """From the first record that shows it to the first later one that does not, by number."""

    what: Hashable
    copy: int  # 1, 2, 3: which of the rows that are alike
    first: int
    gone: int | None  # None: the newest record shows it


def servers(records: Iterable[Record]) -> list[Server]:
    return sorted({x.server for x in records})


def known(records: Iterable[Record], known_at: int | None) -> list[Record]:
    """ "`conocido_en=K`: the same rules over records with r <= K".

    READING: the records keep the number and the e that they were given ("never change"). It is the
    same as a replay of those records alone, as long as our clock never stepped back.
    """
    return [x for x in records if known_at is None or x.r <= known_at]


def at_moment(
    records: Iterable[Record], server: Server, moment: int, known_at: int | None = None
) -> Answer:
    own = [x for x in known(records, known_at) if x.server == server]
    in_order = sorted((x for x in own if x.number > 0), key=lambda x: x.number)
    # > "At moment T: the record in order with the greatest e <= T."
    # (Places that were migrated can be equal: the greatest number of those.)
    until = [x for x in in_order if x.e <= moment]
    shown = max(until, key=lambda x: (x.e, x.number), default=None)
    following = min(
        (x for x in in_order if x.e > moment), key=lambda x: (x.e, x.number), default=None
    )
    # > "T < e(N): closed, never changes. T >= e(N): open, and says so".
    newest = newest_in_order(own)
    is_open = newest is None or moment >= newest.e
    # > "Late records with e(shown) <= t < e(next) are named beside the answer".
    # READING: without a record shown, all before the first; without a next one, all from e(shown).
    beside = [
        x
        for x in own
        if x.number < 0
        and (shown is None or shown.e <= x.t)
        and (following is None or x.t < following.e)
    ]
    tardios = tuple(sorted(beside, key=lambda x: (x.t, x.order)))
    return Answer(shown, following, is_open, tardios)


def usual_interval(in_order: Iterable[Record], first: Record | None = None) -> int:
    """ "its own usual interval, the median of its last five" (README.md).

    READING: of the places in time of its last six records in order. A spool that drains then shows
    the interval at which its reports were taken, and a late record "counts nothing". As today, of
    an even number of intervals the greater one in the middle.
    READING: given the server's first record, no interval is longer than the server had been known
    when the last of these came. Who begins with a report of 1970 would be heard for decades.
    """
    records = sorted(in_order, key=lambda x: x.number)
    places = [x.e for x in records][-6:]
    intervals = [later - earlier for earlier, later in pairwise(places)]
    usual = statistics.median_high(intervals) if intervals else 0
    return usual if first is None or not records else min(usual, max(records[-1].r - first.r, 0))


def _state(
    record: Record,
    age: int | None,
    in_order: Iterable[Record],
    silence: Silence,
    first: Record | None,
) -> State:
    # > "silent when nothing of it has come for so long … and for so many times its own usual
    # interval" (README.md). READING: as today, not silent yet at exactly that age.
    limit = max(silence.after, silence.intervals * usual_interval(in_order, first))
    return State(record, age, silent=age is None or age > limit)


def now(records: Sequence[Record], clock: int, silence: Silence) -> dict[Server, State]:
    """ "Now is N, of servers that are heard (by r)." Silent ones stand with `silent`, and an age.

    READING: a server is heard by its last record in order. A late one "counts nothing": whoever
    sends nothing else would keep what it said long ago now. Were it by the greatest r, our own
    clock, once a year ahead, would keep a server heard for a year.
    """
    states = {}
    for server in servers(records):
        own = [x for x in records if x.server == server]
        newest = newest_in_order(own)
        assert newest is not None
        age = clock - newest.r
        in_order = [x for x in own if x.number > 0]
        states[server] = _state(newest, age, in_order, silence, _first(own))
    return states


def fleet_at(
    records: Sequence[Record],
    moment: int,
    silence: Silence,
    known_at: int | None = None,
    clock: int | None = None,
) -> dict[Server, State]:
    """The servers that are shown at a moment, and whether each was silent then.

    "At a past moment silence is what it was then, from the record shown; with `conocido_en`, from
    arrivals."

    READING: whether anything will come in the future is not known yet, nor at K what came after it.
    So silence is judged at the moment, at K or now (`clock`), whatever is the earliest.
    """
    judged_at = min(x for x in (moment, known_at, clock) if x is not None)
    states = {}
    for server in servers(known(records, known_at)):
        shown = at_moment(records, server, moment, known_at).record
        if shown is None:
            continue
        own = [x for x in known(records, known_at) if x.server == server]
        if known_at is None:
            # READING: since its place e, as spools that drained later tell of what was then.
            age: int | None = judged_at - shown.e
            counted = [x for x in own if 0 < x.number <= shown.number]
            # READING: of the time before anything came, a spool tells what it tells.
            first = None if moment < _first(own).r else _first(own)
        else:
            # READING: since the last arrival by then: with r <= T, and r <= K as all that is known.
            # Silent where all of it came later.
            counted = [x for x in own if x.r <= moment and x.number > 0]
            age = judged_at - counted[-1].r if counted else None
            first = _first(x for x in records if x.server == server)
        states[server] = _state(shown, age, counted, silence, first)
    return states


def _first(own: Iterable[Record]) -> Record:
    return next(x for x in own if x.number == 1)


def spans(
    records: Iterable[Record], server: Server, kind: str, known_at: int | None = None
) -> list[Span]:
    """What consecutive records in order imply; `kind` is "processes" or "logins".

    Late records open and close nothing. With `conocido_en`, "spans cut there".
    """
    own = [x for x in known(records, known_at) if x.server == server and x.number > 0]
    made: list[Span] = []
    running: dict[tuple[Hashable, int], int] = {}
    for record in sorted(own, key=lambda x: x.number):
        counts = Counter(getattr(record.arrival, kind))
        here = {(what, copy) for what, count in counts.items() for copy in range(1, count + 1)}
        for what, copy in [key for key in running if key not in here]:
            made.append(Span(what, copy, running.pop((what, copy)), record.number))
        for key in here:
            running.setdefault(key, record.number)
    made += [Span(what, copy, first, None) for (what, copy), first in running.items()]
    return sorted(made, key=lambda span: (span.first, repr(span.what), span.copy))


def zone_of_server(records: Iterable[Record], server: Server) -> str | None:
    """ "if two successive arrivals agree, the server shows it once".

    READING: the zone of its last two arrivals. It is gone when they disagree, as while a spool
    drains.
    """
    return [x for x in records if x.server == server][-1].zona
