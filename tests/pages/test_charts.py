"""Where the parts of pictures stand."""

from __future__ import annotations

import pytest

from service.pages.charts import DAY, HOUR, Line, busiest, columns, lifeline, percent, ticks

SPAN = (1000, 2000)


def test_a_length_is_a_part_of_the_whole() -> None:
    assert percent(1, 4) == "25.00%"
    assert percent(0, 0) == "0%"


def test_the_highest_column_fills_the_chart_and_none_leaves_it() -> None:
    low, most, none = columns([(0, 1), (HOUR, 1000), (2 * HOUR, 0)], 100)
    assert (most.y, most.height) == (0, 100)
    assert (low.y, low.height) == (99, 1)  # little is still something
    assert none.height == 0
    assert [column.x for column in (low, most, none)] == ["3.33%", "36.67%", "70.00%"]


def test_a_chart_of_nothing_is_empty() -> None:
    assert columns([], 100) == []
    assert [column.height for column in columns([(0, 0), (HOUR, 0)], 100)] == [0, 0]
    assert busiest([]) == (0, 0)


def test_the_busiest_hour_is_the_first_of_equal_ones() -> None:
    assert busiest([(0, 3), (HOUR, 7), (2 * HOUR, 7)]) == (HOUR, 7)


@pytest.mark.parametrize(
    "length", [1, 1000, HOUR, 6 * HOUR, DAY, 7 * DAY, 3000 * DAY, 8000 * 365 * DAY]
)
def test_ticks_are_round_and_few(length: int) -> None:
    since = 20_000 * DAY + 12_345_678
    found = ticks(since, since + length, 8)
    assert len(found) <= 8
    assert all(since <= tick.at < since + length for tick in found)
    assert all(tick.is_day == (tick.at % DAY == 0) for tick in found)


def test_a_day_has_ticks_every_three_hours() -> None:
    found = ticks(0, DAY, 8)
    assert [tick.at // HOUR for tick in found] == [0, 3, 6, 9, 12, 15, 18, 21]
    assert [tick.x for tick in found][:2] == ["0.00%", "12.50%"]


def test_a_life_within_the_picture_has_both_ends_and_says_where_it_may_reach() -> None:
    line = lifeline(1100, 1200, 1500, 1600, SPAN)
    assert line.known == Line("20.00%", "50.00%")
    assert line.before == Line("10.00%", "20.00%")
    assert line.after == Line("50.00%", "60.00%")
    assert (line.begins, line.ends) == ("20.00%", "50.00%")


def test_a_life_that_was_not_seen_to_begin_or_end_is_open() -> None:
    line = lifeline(None, 1000, 2000, None, SPAN)
    assert line.known == Line("0.00%", "100.00%")
    assert [line.before, line.after, line.begins, line.ends] == [None, None, None, None]


def test_what_lies_outside_of_the_picture_is_cut_off() -> None:
    line = lifeline(800, 900, 2500, 2600, SPAN)
    assert line.known == Line("0.00%", "100.00%")
    assert [line.before, line.after, line.begins, line.ends] == [None, None, None, None]
    edge = lifeline(900, 1100, 1900, 2100, SPAN)
    assert edge.before == Line("0.00%", "10.00%")
    assert edge.after == Line("90.00%", "100.00%")
