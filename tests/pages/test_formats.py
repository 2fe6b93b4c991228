"""Numbers, times and durations as pages show them."""

from __future__ import annotations

import pytest

from service import times
from service.pages.formats import (
    Formats,
    clock_time,
    datetime_local,
    duration,
    time_range,
    timestamp,
)

AT = times.parse("2026-11-23 10:00:03.5")
SECOND = 1_000_000


def test_numbers_follow_the_language() -> None:
    assert Formats("en").number(12345) == "12,345"
    assert Formats("es").number(12345) == "12.345"
    assert Formats("en").percent(0.25) == "25%"
    assert Formats("es").percent(0.25) == "25\N{NO-BREAK SPACE}%"
    assert Formats("en").percent(0.001) == "< 1%"
    assert Formats("en").percent(0) == "0%"


def test_long_timestamp_has_the_day_of_the_week() -> None:
    assert Formats("en").long_timestamp(AT) == "Monday, November 23, 2026, 10:00:03 UTC"
    assert Formats("es").long_timestamp(AT) == "lunes, 23 de noviembre de 2026, 10:00:03 UTC"


@pytest.mark.parametrize("time", [AT, "2026-11-23 10:00:03.500000"])
def test_timestamp_shows_seconds_and_keeps_microseconds(time: int | str) -> None:
    expected = '<time datetime="2026-11-23T10:00:03.500000Z">2026-11-23 10:00:03</time>'
    assert timestamp(time) == expected


def test_time_range_within_a_day_has_one_date() -> None:
    dash = "\N{EN DASH}"
    assert time_range(AT, AT + 60 * SECOND).striptags() == f"2026-11-23 10:00:03 {dash} 10:01:03"
    later = time_range(AT, AT + 86400 * SECOND).striptags()
    assert later == f"2026-11-23 10:00:03 {dash} 2026-11-24 10:00:03"
    assert clock_time(AT) == "10:00"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0 s"),
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (41 * 60 + 48, "41 min"),
        (3600, "1 h"),
        (3 * 3600 + 12 * 60 + 5, "3 h 12 min"),
        (86400 + 59, "1 d"),
        (400 * 86400 + 3600, "400 d 1 h"),
    ],
)
def test_duration_has_at_most_two_units(seconds: int, text: str) -> None:
    assert duration(seconds * SECOND) == text


def test_datetime_local_rounds_up_to_the_second_that_shows_the_report() -> None:
    assert datetime_local(AT) == "2026-11-23T10:00:04"
    assert datetime_local(AT - SECOND // 2) == "2026-11-23T10:00:03"


@pytest.mark.parametrize("moment", [0, 1, times.LAST - 1, times.LAST])
def test_times_at_the_edges_of_the_calendar_have_every_form(moment: int) -> None:
    year = "1970" if moment < SECOND else "9999"
    assert year in Formats("es").long_timestamp(moment)
    assert f">{year}-" in timestamp(moment)
    assert year in time_range(0, moment)
    assert clock_time(moment) in {"00:00", "23:59"}
    assert datetime_local(moment).startswith(year)
