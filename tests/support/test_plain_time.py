"""The oracle itself: sequences whose outcome was worked out by hand from DESIGN.md's text."""

from __future__ import annotations

import pytest

from tests.support.plain_questions import at_moment, zone_of_server
from tests.support.plain_time import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Arrival,
    Record,
    migrated_places,
    replay,
    stored,
    zone_quarters,
)
from tests.support.time_histories import IN_2099, MONDAY, YEAR

WEB = ("web", 0)

a_day_and_a_week = pytest.mark.parametrize("days", [1, pytest.param(7, marks=pytest.mark.torture)])


def at(minutes: float) -> int:
    return MONDAY + round(minutes * MINUTE)


def sent(*times: tuple[float, float], zone: bool = True) -> list[Arrival]:
    """Reports by (t, r), minutes after Monday's midnight, each with a process of its own."""
    return [
        Arrival("web", at(t), at(r), zone, (f"process-{place}",))
        for place, (t, r) in enumerate(times, start=1)
    ]


def placed(records: list[Record]) -> list[tuple[int, float, str | None]]:
    """Number, place in minutes and `reloj` of each."""
    return [(x.number, round((x.e - MONDAY) / MINUTE, 3), x.reloj) for x in records]


def test_an_honest_reporter_is_placed_where_its_reports_were_taken() -> None:
    records = stored(sent((0, 0.01), (5, 5.01), (10, 10.01)))
    assert placed(records) == [(1, 0, None), (2, 5, None), (3, 10, None)]


@a_day_and_a_week
def test_a_drained_spool_is_placed_where_its_reports_were_taken(days: int) -> None:
    end = days * 24 * 60
    drained = [(5 * i, end + i / 600) for i in range(end // 5)]
    records = stored(sent(*drained, (end + 5, end + 5.01)))
    assert [x.e for x in records] == [x.t for x in records]
    assert [x.number for x in records] == list(range(1, len(records) + 1))
    assert {x.reloj for x in records} == {None}


@pytest.mark.parametrize("ahead", [-180, 120])
@a_day_and_a_week
def test_a_drained_spool_of_local_time_without_zone_is_in_order(days: int, ahead: int) -> None:
    end = days * 24 * 60
    drained = [(5 * i + ahead, end + i / 600) for i in range(end // 5)]
    live = [(end + 5 + 5 * i + ahead, end + 5.01 + 5 * i) for i in range(3)]
    records = stored(sent(*drained, *live, zone=False))
    assert [x.number for x in records] == list(range(1, len(records) + 1))
    assert [x.e for x in records] == [min(x.t, x.r) for x in records]
    assert zone_of_server(records, WEB) == ("-03:00" if ahead < 0 else "+02:00")


def test_a_report_more_than_a_minute_ahead_is_placed_at_its_arrival() -> None:
    records = stored(sent((0, 0), (6, 5), (11 + 1 / 60, 10)))
    assert placed(records) == [(1, 0, None), (2, 5, None), (3, 10, "adelantado")]


def test_one_report_of_2099_does_not_hide_the_next_ones() -> None:
    ahead = (IN_2099 - MONDAY) / MINUTE
    records = stored(sent((0, 0.01), (ahead, 2), (5, 5.01), (10, 10.01)))
    expected = [(1, 0, None), (2, 2, "adelantado"), (3, 5, None), (4, 10, None)]
    assert placed(records) == expected


def test_thirty_reports_of_2099_are_placed_at_their_arrival() -> None:
    ahead = (IN_2099 - MONDAY) / MINUTE
    lies = [(ahead + i, 2 + i / 60) for i in range(30)]
    records = stored(sent((0, 0.01), *lies, (5, 5.01)))
    assert [x.number for x in records] == list(range(1, 33))
    assert [x.e for x in records[1:31]] == [x.r for x in records[1:31]]
    assert {x.reloj for x in records[1:31]} == {"adelantado"}
    assert placed(records[31:]) == [(32, 5, None)]


@pytest.mark.parametrize("back", [60, 180, YEAR / MINUTE])
def test_a_clock_set_back_costs_one_late_report(back: float) -> None:
    after = [(5 * i - back, 5 * i + 0.01) for i in range(2, 5)]
    records = stored(sent((0, 0.01), (5, 5.01), *after, (25, 25.01)))
    assert placed(records) == [
        (1, 0, None),
        (2, 5, None),
        (-1, 10 - back, "tardio"),
        (3, 15.01, "atrasado"),
        (4, 20.01, "atrasado"),
        (5, 25, None),  # NTP has set it right
    ]


def test_a_clock_that_stands_still_costs_one_late_report() -> None:
    records = stored(sent((5, 5.01), (5, 10.01), (5, 15.01), (5, 20.01)))
    expected = [(1, 5, None), (-1, 5, "tardio"), (2, 15.01, "atrasado"), (3, 20.01, "atrasado")]
    assert placed(records) == expected


@pytest.mark.parametrize(
    ("passed", "reloj"),
    [(2.5, "atrasado"), (7.5, "atrasado"), (2.49, "tardio"), (7.51, "tardio"), (-5, "tardio")],
)
def test_a_clock_set_back_goes_on_at_half_to_one_and_a_half_of_the_pace(
    passed: float, reloj: str
) -> None:
    records = stored(sent((100, 100), (5, 105), (5 + passed, 110)))
    assert records[-1].reloj == reloj


@pytest.mark.parametrize(("zone", "text"), [(-180, "-03:00"), (120, "+02:00"), (345, "+05:45")])
def test_local_time_without_zone_is_a_zone_and_no_wrong_clock(zone: int, text: str) -> None:
    records = stored(sent(*((5 * i + zone, 5 * i + 0.01) for i in range(4)), zone=False))
    assert {x.reloj for x in records} == {None}
    assert [x.zona for x in records] == [None, text, text, text]
    assert [x.e for x in records] == [min(x.t, x.r) for x in records]


@pytest.mark.parametrize(
    ("zone", "expected", "text"),
    [
        # Ahead of UTC, the hour that is lost lay in what our clock had cut off.
        (120, [(3, 10.01, None), (4, 15.01, None), (5, 20.01, None)], "+01:00"),
        (345, [(3, 10.01, None), (4, 15.01, None), (5, 20.01, None)], "+04:45"),
        # Behind UTC, it repeats places that are taken: one is late, then arrivals are the places.
        (-180, [(-1, -230, "tardio"), (3, 15.01, None), (4, 20.01, None)], "-04:00"),
    ],
)
def test_summer_time_that_ends_without_zone_blames_no_clock(
    zone: int, expected: list[tuple[int, float, str | None]], text: str
) -> None:
    after = [(5 * i + zone - 60, 5 * i + 0.01) for i in range(2, 5)]
    records = stored(sent((zone, 0.01), (5 + zone, 5.01), *after, zone=False))
    assert placed(records[2:]) == expected
    assert zone_of_server(records, WEB) == text


@pytest.mark.parametrize(
    ("ahead", "quarters"),
    [
        (-180 * MINUTE - 5 * MINUTE, -12),
        (-180 * MINUTE - 5 * MINUTE - 1, None),
        (-180 * MINUTE + MINUTE, -12),
        (-180 * MINUTE + MINUTE + 1, None),
        (15 * MINUTE, 1),
        (0, None),
        (14 * HOUR, 56),
        (14 * HOUR + MINUTE, 56),
        (14 * HOUR + 15 * MINUTE, None),
        (-14 * HOUR - 5 * MINUTE, -56),
        (-14 * HOUR - 15 * MINUTE, None),
    ],
)
def test_a_zone_is_near_a_quarter_of_an_hour_within_14_hours(
    ahead: int, quarters: int | None
) -> None:
    assert zone_quarters(Arrival("web", MONDAY + ahead, MONDAY, had_zone=False)) == quarters
    assert zone_quarters(Arrival("web", MONDAY + ahead, MONDAY, had_zone=True)) is None


def test_clean_reports_of_last_tuesday_do_not_change_it() -> None:
    tuesday = -6 * 24 * 60
    true = sent((tuesday, tuesday + 0.01), (tuesday + 60, tuesday + 60.01), (0, 0.01))
    clean = [
        Arrival("web", at(tuesday + 5 * i), at(1 + 5 * i), processes=("clean", str(i)))
        for i in range(3)
    ]
    records = stored(true + clean)
    assert placed(records[3:]) == [
        (-1, tuesday, "tardio"),  # the very `fecha_hora` of the first one
        (4, 6, "atrasado"),  # keeps pace: it is shown as what it is, a report of now
        (5, 11, "atrasado"),
    ]
    answer = at_moment(records, WEB, at(tuesday + 5))
    assert answer.record == records[0]
    assert not answer.open
    assert answer.tardios == (records[3],)


def test_a_second_spool_is_late_while_the_first_agent_reports() -> None:
    records = stored(
        sent((0, 0.01), (5, 5.01), (-50, 6), (-45, 6.01), (10, 10.01), (-40, 11), (15, 15.01))
    )
    assert [x.number for x in records] == [1, 2, -1, -2, 3, -3, 4]
    assert [x.reloj for x in records if x.number > 0] == [None] * 4


def test_two_agents_with_right_clocks_on_one_id_interleave() -> None:
    records = stored(sent((0, 0.01), (2, 2.01), (5, 5.01), (7, 7.01), (10, 10.01)))
    assert [x.number for x in records] == [1, 2, 3, 4, 5]


def test_our_own_clock_set_back_is_flagged_and_places_still_rise() -> None:
    records = stored(sent((0, 0.01), (5, 5.01), (10, -49.99), (15, -44.99), (20, 20.01)))
    assert [x.number for x in records] == [1, 2, 3, 4, 5]
    assert [x.our_clock_is_wrong for x in records] == [False, False, True, True, False]
    assert [x.e for x in records[1:4]] == [at(5), at(5) + 1, at(5) + 2]
    assert records[2].reloj is None
    assert placed(records[4:]) == [(5, 20, None)]


def test_the_previous_arrival_that_tells_of_our_clock_may_be_late() -> None:
    records = stored(sent((0, 0.01), (-60, 30), (5, 5.01)))
    assert [x.number for x in records] == [1, -1, 2]
    assert [x.our_clock_is_wrong for x in records] == [False, False, True]


def test_an_exact_repeat_is_the_record_that_is_there() -> None:
    first, second = sent((0, 0.01), (5, 5.01))
    again = Arrival("web", first.t, at(6), processes=first.processes)
    outcomes = replay([first, second, again])
    assert [(x.record.number, x.new) for x in outcomes] == [(1, True), (2, True), (1, False)]
    other = Arrival("web", first.t, at(6), processes=("other",))
    assert placed(stored([first, second, other]))[2] == (-1, 0, "tardio")


def test_the_places_of_old_records_are_the_running_maximum() -> None:
    old = [(1, 10, 11), (2, 99, 12), (-1, 5, 13), (3, 100, 14), (4, 101, 9)]
    assert migrated_places(old) == [10, 12, 5, 14, 14]


def test_times_at_the_edges_are_placed() -> None:
    last = 253_402_300_799_999_999  # 9999-12-31T23:59:59.999999
    records = stored(
        Arrival("web", t, r, processes=(str(t),))
        for t, r in [(0, MONDAY), (last, MONDAY + DAY), (0, MONDAY + DAY + SECOND)]
    )
    # The third repeats the time and the process of the first.
    assert [(x.number, x.e, x.reloj) for x in records] == [
        (1, 0, None),
        (2, MONDAY + DAY, "adelantado"),
    ]
    assert at_moment(records, WEB, last).record == records[1]
    assert at_moment(records, WEB, 0).record == records[0]
