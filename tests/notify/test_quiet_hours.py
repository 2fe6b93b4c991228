"""Quiet hours follow the clock of their zone, through both of its changes."""

from __future__ import annotations

from datetime import time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service import times
from service.notify.quiet_hours import QuietHours
from service.times import DAY, MINUTE

MADRID = ZoneInfo("Europe/Madrid")


def end(since: str, until: str, at: str) -> str:
    quiet = QuietHours(time.fromisoformat(since), time.fromisoformat(until), MADRID)
    return times.to_text(quiet.end(times.parse(at)))[:16]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-26 20:59", "2026-11-26 20:59"),  # 21:59 in Madrid
        ("2026-11-26 21:00", "2026-11-27 06:00"),
        ("2026-11-27 05:59", "2026-11-27 06:00"),
        ("2026-11-27 06:00", "2026-11-27 06:00"),
        # The clock goes from 2 to 3 on 29 March, and from 3 to 2 on 25 October.
        ("2026-03-28 21:30", "2026-03-29 05:00"),
        ("2026-10-24 20:30", "2026-10-25 06:00"),
    ],
)
def test_quiet_hours_cross_midnight_and_changes_of_the_clock(at: str, expected: str) -> None:
    assert end("22:00", "07:00", at) == expected


@pytest.mark.parametrize(
    ("since", "until", "at", "expected"),
    [
        ("22:00", "02:30", "2026-03-29 00:30", "2026-03-29 01:30"),  # there is no 02:30: 03:30
        ("02:10", "02:50", "2026-03-29 00:59", "2026-03-29 00:59"),  # nor any of these
        ("22:00", "02:30", "2026-10-25 00:10", "2026-10-25 00:30"),  # the first 02:30
        ("22:00", "02:30", "2026-10-25 01:10", "2026-10-25 01:30"),  # and the second one
        ("01:00", "03:00", "2026-10-25 00:30", "2026-10-25 02:00"),
    ],
)
def test_an_end_that_the_clock_skips_or_repeats_is_one(
    since: str, until: str, at: str, expected: str
) -> None:
    assert end(since, until, at) == expected


def test_where_the_clock_skips_all_that_is_not_quiet_the_next_day_ends_it() -> None:
    assert end("03:00", "02:30", "2026-03-28 02:10") == "2026-03-30 00:30"


@given(
    since=st.times(), until=st.times(), at=st.integers(1_700_000_000_000_000, 1_800_000_000_000_000)
)
def test_they_end_soon_and_then_are_over(since: time, until: time, at: int) -> None:
    if since == until:
        return
    quiet = QuietHours(since, until, MADRID)
    ends = quiet.end(at)
    assert at <= ends <= at + 2 * DAY + 60 * MINUTE
    assert quiet.end(ends) == ends
