"""The oracle's questions: at a moment, now, from when to when; worked out by hand."""

from __future__ import annotations

from tests.support.plain_questions import (
    Silence,
    Span,
    at_moment,
    fleet_at,
    now,
    spans,
    usual_interval,
)
from tests.support.plain_time import HOUR, MINUTE, Arrival, stored
from tests.support.test_plain_time import WEB, at, sent

SILENCE = Silence()


def test_a_moment_before_the_newest_is_closed_and_names_the_late_reports() -> None:
    records = stored(sent((0, 0), (10, 10), (20, 20), (12, 21), (9, 21.5), (25, 25), (-3, 26)))
    one, two, three, late_12, late_9, four, before = records
    assert [x.number for x in records] == [1, 2, 3, -1, -2, 4, -3]
    answer = at_moment(records, WEB, at(15))
    assert (answer.record, answer.following, answer.open) == (two, three, False)
    assert answer.tardios == (late_12,)
    assert at_moment(records, WEB, at(5)).tardios == (late_9,)
    assert at_moment(records, WEB, at(0)).record == one
    answer = at_moment(records, WEB, at(-1))
    assert (answer.record, answer.open, answer.tardios) == (None, False, (before,))
    assert not at_moment(records, WEB, at(25) - 1).open
    answer = at_moment(records, WEB, at(25))
    assert (answer.record, answer.following, answer.open) == (four, None, True)


def test_conocido_en_leaves_out_later_arrivals() -> None:
    records = stored(sent((0, 0), (10, 10), (5, 11), (20, 30)))
    assert [x.number for x in records] == [1, 2, -1, 3]
    answer = at_moment(records, WEB, at(25), known_at=at(10))
    assert (answer.record, answer.open, answer.tardios) == (records[1], True, ())
    assert at_moment(records, WEB, at(5), known_at=at(10)).tardios == ()
    assert at_moment(records, WEB, at(5), known_at=at(11)).tardios == (records[2],)
    assert at_moment(records, WEB, at(5), known_at=at(-1)).record is None


def test_spans_come_from_records_in_order_only() -> None:
    shown = [("a", "b"), ("a", "a"), ("late",), ("a",)]
    times = [(0, 0), (10, 10), (5, 11), (20, 30)]
    records = stored(
        Arrival("web", at(t), at(r), processes=rows)
        for (t, r), rows in zip(times, shown, strict=True)
    )
    assert spans(records, WEB, "processes") == [
        Span("a", 1, 1, None),
        Span("b", 1, 1, 2),
        Span("a", 2, 2, 3),
    ]
    assert spans(records, WEB, "processes", known_at=at(10)) == [
        Span("a", 1, 1, None),
        Span("b", 1, 1, 2),
        Span("a", 2, 2, None),
    ]


def test_now_sets_silent_servers_apart_by_the_arrival_of_their_last_report_in_order() -> None:
    records = stored(sent((0, 0.01), (60, 60.01), (120, 150), (30, 200)))
    state = now(records, at(150) + 3 * HOUR, SILENCE)[WEB]
    assert (state.record.number, state.age, state.silent) == (3, 3 * HOUR, False)
    assert now(records, at(150) + 3 * HOUR + 1, SILENCE)[WEB].silent


def test_the_usual_interval_is_the_median_of_the_last_five() -> None:
    # Once a day until lately, hourly now; one report was missed.
    hours = (0, 24, 48, 49, 50, 52, 53, 54)
    records = stored(sent(*((60 * hour, 60 * hour) for hour in hours)))
    assert usual_interval(records) == HOUR
    assert usual_interval(records[:3]) == 24 * HOUR
    assert usual_interval(records[:4]) == 24 * HOUR
    assert usual_interval(records[:6]) == 2 * HOUR  # 24, 24, 1, 1 and 2 hours
    assert usual_interval(records[:1]) == 0
    last_five = stored(sent(*((m, m) for m in (0, 50, 60, 70, 80, 100, 120))))
    assert usual_interval(last_five) == 10 * MINUTE  # 10, 10, 10, 20 and 20; not 50, too


def test_silence_at_a_past_moment_is_by_place_and_with_conocido_en_by_arrival() -> None:
    drained = sent((0, 0.01), *((5 * i, 600 + i / 600) for i in range(1, 100)))
    records = stored(drained)
    moment = at(300)
    assert not fleet_at(records, moment, SILENCE)[WEB].silent
    state = fleet_at(records, moment, SILENCE, known_at=moment)[WEB]
    assert (state.record.number, state.silent) == (1, True)
    assert fleet_at(records, moment, SILENCE, known_at=at(700))[WEB].silent
    assert fleet_at(records, at(495) + 15 * MINUTE, SILENCE)[WEB].silent is False
    assert fleet_at(records, at(495) + 15 * MINUTE + 1, SILENCE)[WEB].silent


def test_nobody_is_silent_because_of_a_time_that_has_not_come() -> None:
    records = stored(sent((0, 0), (5, 5), (10, 10)))
    state = fleet_at(records, at(60), SILENCE, clock=at(11))[WEB]
    assert (state.age, state.silent) == (MINUTE, False)
    state = fleet_at(records, at(60), SILENCE, known_at=at(7), clock=at(90))[WEB]
    assert (state.age, state.silent) == (2 * MINUTE, False)
