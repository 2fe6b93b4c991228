"""Gives every report its place in the history of its server.

The rules are those of "Time and trust" in sql/README.md. The past that is closed stays and now is
now, whatever a clock says: a place is given once, when a report arrives, and never changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import sub
from typing import NamedTuple

from service.times import MINUTE, SECOND

ADELANTADO = "adelantado"
ATRASADO = "atrasado"
TARDIO = "tardio"

_AHEAD = MINUTE  # a clock may be so far ahead
_BACK = MINUTE  # our own clock was set back if a report arrives so long before an earlier one
_SAME_CLOCK_AFTER = SECOND  # a time that stands still for so long is that of a frozen clock
INTERVALS = 5  # the usual interval of a server is the median of so many

_QUARTER = 15 * MINUTE  # all zones are so many quarters of an hour
_MOST_QUARTERS = 14 * 4
_SLOW, _FAST = 5 * MINUTE, MINUTE  # a local time may be behind and ahead of its zone by so much


class Arrival(NamedTuple):
    """What decides on the place of a report. Times are microseconds since 1970, UTC."""

    taken_at: int
    received_at: int
    zoned: bool = True  # its time was sent with a zone
    replayed: bool = False  # from the archive: it may have been received before others were


class Newest(NamedTuple):
    """The newest report in order of a server."""

    seq: int
    placed_at: int
    received_at: int
    boot_id: str | None = None


class Previous(NamedTuple):
    """The last arrival of a server, late or not."""

    seq: int
    placed_at: int
    taken_at: int
    received_at: int
    local_offset: int | None = None


class History(NamedTuple):
    """What is known of a server when a report of it arrives."""

    newest: Newest | None = None
    previous: Previous | None = None  # null if and only if newest is
    lowest: int = 0  # the number of its last late report; 0 if there is none
    latest_places: Sequence[int] = ()  # of its last reports in order, the latest first
    first_arrival_at: int | None = None  # of its first report in order
    heard_at: int | None = None  # when the newest report in order arrived
    greatest_arrival_at: int | None = None
    counted_hour: int | None = None  # the hour of its last arrival, since 1970
    counted_reports: int = 0  # that arrived in that hour


NO_HISTORY = History()


class Placement(NamedTuple):
    """The place of a report."""

    seq: int  # 1, 2, 3 … in order; -1, -2, -3 … late
    placed_at: int  # rises with the number above 0
    clock: str | None
    local_offset: int | None  # in minutes, of a local time sent without zone
    zone: int | None  # the same, if the arrival before agrees


def place(arrival: Arrival, history: History) -> Placement:
    """The place of an arrival. It has the number and the place of one of four rules."""
    taken_at, received_at = arrival.taken_at, arrival.received_at
    newest, previous = history.newest, history.previous
    earlier = min(taken_at, received_at)
    if newest is None or previous is None:
        rule, seq, placed_at = 1, 1, earlier
    elif taken_at > newest.placed_at:
        rule, seq, placed_at = 2, newest.seq + 1, max(earlier, newest.placed_at + 1)
    elif _goes_on(arrival, previous) and not _is_past(arrival, newest):
        # The clock of the server was set back, or stands still.
        rule, seq, placed_at = 3, newest.seq + 1, max(received_at, newest.placed_at + 1)
    else:
        return _with_zone(arrival, history, history.lowest - 1, taken_at, TARDIO)

    clock = None
    if rule == 3:
        clock = ATRASADO
    elif taken_at > received_at + _AHEAD:
        clock = ADELANTADO
    if is_our_clock_back(received_at, history):
        clock = None  # ours is wrong
    return _with_zone(arrival, history, seq, placed_at, clock)


def is_our_clock_back(received_at: int, history: History) -> bool:
    """Whether our own clock was set back after an earlier arrival."""
    greatest = history.greatest_arrival_at
    return greatest is not None and received_at < greatest - _BACK


def usual_interval(latest_places: Sequence[int], known_for: int | None = None) -> int | None:
    """The median of the last intervals, given the places of the last reports, the latest first.

    Null for fewer than two reports; the greater of the two in the middle. known_for: the time from
    its first arrival to its last one, and no interval is longer. Otherwise a server whose first
    report is one of 1970 would not be silent for decades.
    """
    latest = latest_places[: INTERVALS + 1]
    intervals: list[int] = sorted(map(sub, latest, latest[1:]))
    if not intervals:
        return None
    median = intervals[len(intervals) // 2]
    return median if known_for is None else min(median, max(known_for, 0))


def _goes_on(arrival: Arrival, previous: Previous) -> bool:
    """Whether an arrival goes on from one that was late, or placed by its arrival, as a clock does.

    A spool that is sent afterwards does not: its reports come faster than they were taken.
    """
    was_late = previous.seq < 0
    was_set_back = previous.placed_at > previous.taken_at
    if not was_late and not was_set_back:
        return False
    passed = arrival.taken_at - previous.taken_at
    waited = arrival.received_at - previous.received_at
    if passed == 0:
        return waited >= _SAME_CLOCK_AFTER
    return waited <= 2 * passed <= 3 * waited


def _is_past(arrival: Arrival, newest: Newest) -> bool:
    """Whether a report of the archive was received before the newest one."""
    return arrival.replayed and arrival.received_at <= newest.received_at


def _with_zone(
    arrival: Arrival, history: History, seq: int, placed_at: int, clock: str | None
) -> Placement:
    offset = _local_offset(arrival)
    if offset is None:
        return Placement(seq, placed_at, clock, None, None)
    if seq > 0:
        clock = None  # the clock is right, in a zone of its own
    agrees = history.previous is not None and history.previous.local_offset == offset
    return Placement(seq, placed_at, clock, offset, offset if agrees else None)


def _local_offset(arrival: Arrival) -> int | None:
    """By how many minutes a time without zone looks like local time ahead of UTC; else null."""
    if arrival.zoned:
        return None
    ahead = arrival.taken_at - arrival.received_at
    quarters = (ahead + _SLOW) // _QUARTER
    if quarters == 0 or abs(quarters) > _MOST_QUARTERS:
        return None
    if ahead - quarters * _QUARTER > _FAST:
        return None
    return quarters * 15
