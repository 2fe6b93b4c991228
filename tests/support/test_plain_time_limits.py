"""Where the literal rules do what a reader of "Time and trust" may not expect.

Each is a counterexample or a price of the rules, worked out by hand, and pinned here so that a
change of the text or of the oracle shows. None of these is a wish.
"""

from __future__ import annotations

from tests.support.plain_questions import at_moment, zone_of_server
from tests.support.plain_time import MINUTE, Arrival, newest_in_order, stored
from tests.support.test_plain_time import WEB, at, placed, sent
from tests.support.time_histories import IN_2099, MONDAY, YEAR


def test_conocido_en_changes_when_our_own_clock_steps_back_behind_it() -> None:
    arrivals = sent((0, 0.01), (60, 60.01), (65, 5.01))
    then, since = stored(arrivals[:2]), stored(arrivals)
    known_at = at(60.01)
    assert at_moment(then, WEB, at(61), known_at).record == then[1]
    assert at_moment(since, WEB, at(61), known_at).record == since[2]
    # Nor is it a replay of the records with r <= K: the third keeps the place after the second.
    alone = stored(x for x in arrivals if x.r <= at(10))
    assert placed(alone)[1] == (2, 5.01, "adelantado")
    assert since[2].e == at(60) + 1


def test_our_own_clock_is_blamed_until_it_has_caught_up() -> None:
    records = stored(sent((0, 0.01), (5, 5.01), (10, -49.99), (15, -44.99), (20, 20.01)))
    assert [x.our_clock_is_wrong for x in records] == [False, False, True, True, False]
    assert [x.reloj for x in records] == [None] * 5


def test_reports_of_the_archive_alone_are_late_when_they_are_replayed_last() -> None:
    """ "Rebuild replays what the old database names …; then the rest in archive order"."""
    named = sent((0, 0.01), (600, 600.01))
    rest = [
        Arrival("web", at(5 * i), at(5 * i + 0.01), processes=("rest", str(i)), replayed=True)
        for i in range(1, 5)
    ]
    records = stored(named + rest)
    assert [x.number for x in records] == [1, 2, -1, -2, -3, -4]


def test_local_time_ahead_of_utc_is_blamed_while_a_spool_of_its_last_hours_drains() -> None:
    taken = [(5 * i + 120, 60 + i / 600) for i in range(12)]
    records = stored(sent((-5 + 120, -4.99), *taken, zone=False))
    words = [x.reloj for x in records[1:]]
    assert words.count("adelantado") == 8  # t - r is within a zone's six of 15 minutes, or not
    assert [x.e for x in records[1:]] == [x.r for x in records[1:]]


def test_utc_without_zone_seems_to_have_one_while_a_spool_drains() -> None:
    taken = [(5 * i + 0.7, 60 + i / 600) for i in range(12)]
    records = stored(sent((-5, -4.99), *taken, (65, 65.01), zone=False))
    assert [x.zona for x in records if x.zona] == ["-00:45", "-00:30", "-00:15"]
    assert zone_of_server(records, WEB) is None


def test_a_clock_set_back_is_not_now_until_it_catches_up_while_a_spool_comes_between() -> None:
    pairs = [((5 * i - 60, 5 * i), (5 * i - 900, 5 * i + 1)) for i in range(1, 20)]
    records = stored(sent((0, 0), *(each for pair in pairs for each in pair)))
    assert [(x.number, x.r) for x in records if x.number > 0][:2] == [(1, at(0)), (2, at(65))]


def test_a_clock_that_is_behind_and_runs_at_twice_the_pace_is_late_until_it_catches_up() -> None:
    records = stored(sent((1000, 1000), *((10 * i, 1000 + 5 * i) for i in range(1, 100))))
    assert [x.number for x in records if x.number > 0] == [1]


def test_a_liar_in_the_moment_between_taking_and_arrival_keeps_a_right_clock_late() -> None:
    ahead = (IN_2099 - MONDAY) / MINUTE
    pairs = [((ahead + i, 5 * i + 0.005), (5 * i, 5 * i + 0.01)) for i in range(1, 20)]
    records = stored(sent((0, 0.01), *(each for pair in pairs for each in pair)))
    assert {x.reloj for x in records[2::2]} == {"tardio"}


def test_our_own_clock_a_year_ahead_leaves_places_there_for_servers_that_are_behind() -> None:
    year = YEAR / MINUTE
    behind = [(5 * i - 60, 5 * i) for i in range(1, 4)]
    while_ahead = [(5 * i - 60, 5 * i + year) for i in range(4, 7)]
    right_again = [(5 * i - 60, 5 * i) for i in range(7, 11)]
    ntp = [(5 * i, 5 * i) for i in range(11, 15)]  # its clock is set right, too
    records = stored(sent((0, 0), *behind, *while_ahead, *right_again, *ntp))
    newest = newest_in_order(records)
    assert newest == records[-1]
    assert newest.rule == 3
    assert newest.reloj is None  # it is our clock that was wrong, for all that is known
    assert newest.e > at(year)
    answer = at_moment(records, WEB, at(70))
    assert answer.record is not None
    assert (answer.record.r, answer.open) == (at(15), False)
