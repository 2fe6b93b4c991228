"""Properties that "Time and trust" claims, held over random histories of the oracle.

The plain tests play 20 histories, the torture tests 300.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings

from tests.support.plain_questions import Answer, at_moment, now, servers, spans
from tests.support.plain_questions import Silence as Settings
from tests.support.plain_time import (
    MINUTE,
    Arrival,
    Record,
    Server,
    newest_in_order,
    replay,
    stored,
)
from tests.support.time_histories import (
    EPISODES,
    INTERVALS,
    ZONES,
    ClientPlan,
    Plan,
    arrivals,
    plans,
    play,
    random_plan,
)

FEW = range(20)
each_history = pytest.mark.parametrize(
    "seeds", [FEW, pytest.param(range(20, 300), marks=pytest.mark.torture)]
)


def own(records: list[Record], server: Server) -> list[Record]:
    return [x for x in records if x.server == server]


def in_order(records: list[Record], server: Server) -> list[Record]:
    return sorted((x for x in own(records, server) if x.number > 0), key=lambda x: x.number)


def moments_of(records: list[Record]) -> list[int]:
    """Every place and `fecha_hora`, and just before and after."""
    times = {x.e for x in records} | {x.t for x in records}
    return sorted({time + step for time in times for step in (-1, 0, 1)})


def stable_part(answer: Answer) -> tuple[object, ...]:
    return answer.record, answer.following, answer.open


@each_history
def test_numbers_are_1_2_3_and_below_zero_and_places_rise_with_them(seeds: range) -> None:
    for seed in seeds:
        records = stored(arrivals(random_plan(seed)))
        for server in servers(records):
            numbered = in_order(records, server)
            assert [x.number for x in numbered] == list(range(1, len(numbered) + 1))
            assert all(before.e < after.e for before, after in pairwise(numbered))
            assert numbered == sorted(numbered, key=lambda x: x.order)
            late = [x for x in own(records, server) if x.number < 0]
            assert [x.number for x in late] == [-n for n in range(1, len(late) + 1)]
            assert all(x.e == x.t for x in late)


@each_history
def test_the_closed_past_never_changes(seeds: range) -> None:
    for seed in seeds:
        records = stored(arrivals(random_plan(seed)))
        for cut in (len(records) // 3, 2 * len(records) // 3, len(records) - 1):
            before = records[:cut]
            for server in servers(before):
                for moment in moments_of(own(before, server))[::3]:
                    then = at_moment(before, server, moment)
                    since = at_moment(records, server, moment)
                    if not then.open:
                        assert stable_part(then) == stable_part(since)
                        assert set(then.tardios) <= set(since.tardios)


@each_history
def test_a_replay_of_earlier_arrivals_gives_the_same_numbers_and_places(seeds: range) -> None:
    for seed in seeds:
        all_of_them = arrivals(random_plan(seed))
        outcomes = replay(all_of_them)
        for cut in (1, len(all_of_them) // 2):
            assert replay(all_of_them[:cut]) == outcomes[:cut]
        # A repeat leaves nothing behind.
        records = [x.record for x in outcomes if x.new]
        assert stored(x.arrival for x in records) == records


@each_history
def test_conocido_en_repeats_the_answer_given_then(seeds: range) -> None:
    """As long as our own clock does not step back: test_plain_time_limits.py."""
    for seed in seeds:
        all_of_them = arrivals(random_plan(seed, our_clock_steps=False))
        records = stored(all_of_them)
        last = all_of_them[-1].r
        for known_at in (all_of_them[len(all_of_them) // 3].r, all_of_them[-2:][0].r, last - 1):
            then = stored(x for x in all_of_them if x.r <= known_at)
            for server in servers(then):
                for moment in moments_of(own(records, server))[::5]:
                    answer = at_moment(records, server, moment, known_at)
                    assert answer == at_moment(then, server, moment)
                was = spans(then, server, "processes")
                assert spans(records, server, "processes", known_at) == was


@each_history
def test_at_most_two_live_reports_after_any_jump_are_not_now(seeds: range) -> None:
    for seed in seeds:
        played = play(random_plan(seed))
        outcomes = replay([each.arrival for each in played])
        records: list[Record] = []
        missed: Counter[int] = Counter()
        for each, outcome in zip(played, outcomes, strict=True):
            if outcome.new:
                records.append(outcome.record)
            if each.jump:
                missed[each.client] = 0
            newest = newest_in_order(own(records, outcome.record.server))
            if each.live and newest != outcome.record:
                missed[each.client] += 1
            assert missed[each.client] <= 2


@pytest.mark.parametrize("interval", sorted(set(INTERVALS)))
@pytest.mark.parametrize("zone", [None, *sorted({zone for zone in ZONES if zone is not None})])
def test_an_honest_spool_satisfies_rule_2_throughout(interval: int, zone: int | None) -> None:
    episodes = [("honest", 5), ("drain", 60), ("honest", 5), ("drain", 3), ("honest", 2)]
    plan = Plan([ClientPlan(interval, zone, clone=False, episodes=episodes)], [])
    records = stored(arrivals(plan))
    assert [x.rule for x in records] == [1] + [2] * (len(records) - 1)
    assert [x.e for x in records] == [min(x.t, x.r) for x in records]
    if zone is None or zone <= 0:  # else test_plain_time_limits.py
        assert {x.reloj for x in records} == {None}


@each_history
def test_every_record_in_order_is_rebuilt_from_the_spans(seeds: range) -> None:
    for seed in seeds:
        records = stored(arrivals(random_plan(seed)))
        for server in servers(records):
            made = spans(records, server, "processes")
            for record in in_order(records, server):
                here = [
                    x.what
                    for x in made
                    if x.first <= record.number and (x.gone is None or record.number < x.gone)
                ]
                assert Counter(here) == Counter(record.arrival.processes)


@each_history
def test_rule_3_alone_places_a_report_after_its_own_time(seeds: range) -> None:
    """So a store need not keep which rule placed a record: in order, and e > t."""
    for seed in seeds:
        for record in stored(arrivals(random_plan(seed))):
            assert (record.rule == 3) == (record.number > 0 and record.e > record.t)


@each_history
def test_random_histories_meet_every_rule_word_and_fault(seeds: range) -> None:
    met: Counter[object] = Counter()
    for seed in seeds:
        plan = random_plan(seed)
        met.update(name for client in plan.clients for name, _ in client.episodes)
        for outcome in replay(arrivals(plan)):
            record = outcome.record
            met.update([record.rule, record.reloj, outcome.new, record.our_clock_is_wrong])
            met.update([("zone", record.zona is not None), ("sibling", record.server[1] > 0)])
    expected = {1, 2, 3, 4, None, "adelantado", "atrasado", "tardio", False, *EPISODES}
    assert expected <= set(met)
    assert min(met[x] for x in [("zone", True), ("sibling", True)]) > len(seeds) // 3


@each_history
def test_clones_with_a_name_and_an_address_of_their_own_are_servers_of_their_own(
    seeds: range,
) -> None:
    for seed in seeds:
        played = play(random_plan(seed))
        outcomes = replay([each.arrival for each in played])
        pairs = {
            (each.client, outcome.record.server)
            for each, outcome in zip(played, outcomes, strict=True)
        }
        assert len(pairs) == len({client for client, _ in pairs})
        assert len(pairs) == len({server for _, server in pairs})


def test_honest_reports_are_taken_slightly_before_they_arrive() -> None:
    plan = Plan([ClientPlan(5 * MINUTE, None, clone=False, episodes=[("honest", 50)])], [])
    assert all(0 < x.r - x.t < 2_000_000 for x in arrivals(plan))


@each_history
def test_the_newest_in_order_is_now_at_its_own_place(seeds: range) -> None:
    for seed in seeds:
        assert_now_is_the_newest_in_order(random_plan(seed))


@pytest.mark.torture
@settings(max_examples=200, deadline=None)
@given(plans())
def test_the_newest_in_order_is_now_in_any_history(plan: Plan) -> None:
    assert_now_is_the_newest_in_order(plan)


def assert_now_is_the_newest_in_order(plan: Plan) -> None:
    records = stored(arrivals(plan))
    for server, state in now(records, max(x.r for x in records), Settings()).items():
        assert at_moment(records, server, state.record.e).record == state.record
        assert at_moment(records, server, state.record.e).open


@each_history
def test_other_servers_in_between_change_nothing(seeds: range) -> None:
    for seed in seeds:
        assert_servers_are_independent(random_plan(seed))


@pytest.mark.torture
@settings(max_examples=200, deadline=None)
@given(plans())
def test_other_servers_in_between_change_nothing_in_any_history(plan: Plan) -> None:
    assert_servers_are_independent(plan)


def assert_servers_are_independent(plan: Plan) -> None:
    all_of_them = arrivals(plan)
    for identity in {x.identity for x in all_of_them}:
        alone: list[Arrival] = [x for x in all_of_them if x.identity == identity]
        together = [x for x in stored(all_of_them) if x.server[0] == identity]
        assert [(x.number, x.e, x.reloj, x.zona) for x in stored(alone)] == [
            (x.number, x.e, x.reloj, x.zona) for x in together
        ]
