"""Geometry of the charts."""

from __future__ import annotations

import pytest

from service import times
from service.pages.charts import DAY, HOUR, Line, columns, lifeline, peak, percent, ticks
from service.pages.presence_chart import presence_chart
from service.store.read.occurrence_rows import LoginHistory

PERIOD = (1000, 2000)


def test_percent_is_the_part_of_the_whole() -> None:
    assert percent(1, 4) == "25.00%"
    assert percent(0, 0) == "0%"


def test_largest_column_has_the_full_height() -> None:
    low, high, none = columns([(0, 1), (HOUR, 1000), (2 * HOUR, 0)], 100)
    assert (high.y, high.height) == (0, 100)
    assert (low.y, low.height) == (99, 1)  # at least a pixel
    assert none.height == 0
    assert [column.x for column in (low, high, none)] == ["3.33%", "36.67%", "70.00%"]


def test_chart_without_counts_is_empty() -> None:
    assert columns([], 100) == []
    assert [column.height for column in columns([(0, 0), (HOUR, 0)], 100)] == [0, 0]
    assert peak([]) == (0, 0)


def test_peak_is_the_first_of_equal_hours() -> None:
    assert peak([(0, 3), (HOUR, 7), (2 * HOUR, 7)]) == (HOUR, 7)


@pytest.mark.parametrize(
    "length", [1, 1000, HOUR, 6 * HOUR, DAY, 7 * DAY, 3000 * DAY, 8000 * 365 * DAY]
)
def test_ticks_are_within_the_period_and_limited(length: int) -> None:
    since = 20_000 * DAY + 12_345_678
    found = ticks(since, since + length, 8)
    assert len(found) <= 8
    assert all(since <= tick.at < since + length for tick in found)
    assert all(tick.is_midnight == (tick.at % DAY == 0) for tick in found)


def test_day_has_ticks_every_three_hours() -> None:
    found = ticks(0, DAY, 8)
    assert [tick.at // HOUR for tick in found] == [0, 3, 6, 9, 12, 15, 18, 21]
    assert [tick.x for tick in found][:2] == ["0.00%", "12.50%"]


def test_lifeline_inside_the_chart_has_both_ends_and_gaps() -> None:
    line = lifeline(1100, 1200, 1500, 1600, PERIOD)
    assert line.observed == Line("20.00%", "50.00%")
    assert line.start_gap == Line("10.00%", "20.00%")
    assert line.end_gap == Line("50.00%", "60.00%")
    assert (line.start, line.end) == ("20.00%", "50.00%")


def test_lifeline_without_observed_start_and_end_is_open() -> None:
    line = lifeline(None, 1000, 2000, None, PERIOD)
    assert line.observed == Line("0.00%", "100.00%")
    assert [line.start_gap, line.end_gap, line.start, line.end] == [None, None, None, None]


def test_lifeline_is_cut_at_the_edges_of_the_chart() -> None:
    line = lifeline(800, 900, 2500, 2600, PERIOD)
    assert line.observed == Line("0.00%", "100.00%")
    assert [line.start_gap, line.end_gap, line.start, line.end] == [None, None, None, None]
    edge = lifeline(900, 1100, 1900, 2100, PERIOD)
    assert edge.start_gap == Line("0.00%", "10.00%")
    assert edge.end_gap == Line("90.00%", "100.00%")


@pytest.mark.parametrize("moment", [0, times.LAST])
def test_presence_chart_of_a_report_at_an_edge_of_the_calendar_stays_in_it(moment: int) -> None:
    row = LoginHistory(1, 1, "10.0.0.1", None, "juan", moment, moment, False, moment, silent=True)
    chart = presence_chart([row], (), 20_000 * DAY, lambda login: (login.username,))
    assert chart.ticks
    assert all(0 <= tick.at <= times.LAST for tick in chart.ticks)
    (host,) = chart.hosts
    assert (host.first_at, host.last_at) == (moment, moment)
