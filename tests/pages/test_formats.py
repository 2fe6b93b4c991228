"""Numbers, times and durations as a reader sees them."""

from __future__ import annotations

import pytest

from service import times
from service.pages.formats import Formats, as_field, between, clock, duration, instant

AT = times.parse("2026-11-23 10:00:03.5")
SECOND = 1_000_000


def test_numbers_are_written_as_the_language_writes_them() -> None:
    assert Formats("en").number(12345) == "12,345"
    assert Formats("es").number(12345) == "12.345"
    assert Formats("en").percent(0.25) == "25%"
    assert Formats("es").percent(0.25) == "25\N{NO-BREAK SPACE}%"
    assert Formats("en").percent(0.001) == "< 1%"
    assert Formats("en").percent(0) == "0%"


def test_the_time_that_a_page_is_about_has_the_name_of_the_day() -> None:
    assert Formats("en").long_time(AT) == "Monday, November 23, 2026, 10:00:03 UTC"
    assert Formats("es").long_time(AT) == "lunes, 23 de noviembre de 2026, 10:00:03 UTC"


@pytest.mark.parametrize("time", [AT, "2026-11-23 10:00:03.500000"])
def test_a_time_shows_seconds_and_says_all(time: int | str) -> None:
    shown = '<time datetime="2026-11-23T10:00:03.500000Z">2026-11-23 10:00:03</time>'
    assert instant(time) == shown


def test_two_times_of_one_day_say_the_day_once() -> None:
    dash = "\N{EN DASH}"
    assert between(AT, AT + 60 * SECOND).striptags() == f"2026-11-23 10:00:03 {dash} 10:01:03"
    later = between(AT, AT + 86400 * SECOND).striptags()
    assert later == f"2026-11-23 10:00:03 {dash} 2026-11-24 10:00:03"
    assert clock(AT) == "10:00"


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
def test_a_duration_has_two_units_at_most(seconds: int, text: str) -> None:
    assert duration(seconds * SECOND) == text


def test_a_field_shows_the_second_at_which_the_report_can_be_seen() -> None:
    assert as_field(AT) == "2026-11-23T10:00:04"
    assert as_field(AT - SECOND // 2) == "2026-11-23T10:00:03"
