"""service/store/identity.py: clones of a machine are servers of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.store.identity import MAX_SIBLINGS
from service.times import HOUR, MINUTE
from tests.support.engine import Engine
from tests.support.identity import A, History, Machine, histories


@pytest.fixture
def history(engine: Engine) -> Iterator[History]:
    with closing(History(engine)) as made:
        yield made


@pytest.mark.parametrize("boot", [1 * HOUR, 2 * HOUR, None])
def test_another_name_and_address_are_another_machine_at_once(
    history: History, boot: int | None
) -> None:
    clone = Machine("db", "10.0.0.2", boot)
    assert history.servers([A, clone, A, A, clone, clone, A]) == [1, 2, 1, 1, 2, 2, 1]
    history.server_of(replace(A, id_maquina="other"))
    assert history.flags() == {("m", 1), ("other", 0)}


@given(
    st.sampled_from([("web", "10.0.0.1"), ("web", "10.0.0.2"), ("db", "10.0.0.1"), (None, "::1")]),
    st.lists(st.booleans(), min_size=2, max_size=20),
)
@settings(max_examples=40, deadline=None)
def test_clones_that_were_started_at_two_moments_become_two_servers(
    other: tuple[str | None, str], turns: list[bool]
) -> None:
    older, younger = A, Machine(*other, 2 * HOUR)
    of_the_older, of_the_younger = [], []
    with histories() as history:
        for is_younger in turns:
            if is_younger:
                of_the_younger.append(history.server_of(younger))
            elif of_the_younger:
                of_the_older.append(history.server_of(older))
            else:  # it could as well be started anew before the younger one reports
                history.server_of(older)
        if of_the_older:
            assert history.flags() == {("m", 1)}
    assert len(set(of_the_older)) <= 1
    assert len(set(of_the_younger)) <= 1
    assert not set(of_the_older) & set(of_the_younger)


@given(
    st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=20),
    st.sampled_from(["host", "address"]),
)
@settings(max_examples=30, deadline=None)
def test_clones_that_differ_stay_apart_while_they_are_started_anew(
    turns: list[tuple[int, bool]], difference: str
) -> None:
    clones = [
        replace(A, boot=number * HOUR, host=f"web-{number}")
        if difference == "host"
        else replace(A, boot=number * HOUR, address=f"10.0.0.{number}")
        for number in (1, 2, 3)
    ]
    with histories() as history:
        # Three rounds tell them apart, however they begin.
        for _ in range(3):
            history.servers(clones)
        own = history.servers(clones)
        assert len(set(own)) == 3
        for at, (number, anew) in enumerate(turns, start=4):
            if anew:
                clones[number] = replace(clones[number], boot=at * HOUR)
            assert history.server_of(clones[number]) == own[number]


def test_a_start_half_a_minute_earlier_is_a_clone_only_if_something_else_differs(
    history: History,
) -> None:
    earlier = HOUR - MINUTE // 2
    assert history.servers([A, replace(A, boot=earlier)]) == [1, 1]
    assert history.server_of(replace(A, boot=earlier - MINUTE // 2, address="10.0.0.2")) == 2


def test_a_late_report_of_a_clone_goes_to_its_own_history(history: History) -> None:
    younger = replace(A, boot=2 * HOUR)
    start = 100 * HOUR
    at = [start + number * HOUR for number in range(8)]
    told = [A, younger, A, younger, A, younger]
    assert [history.server_of(m, t) for m, t in zip(told, at, strict=False)] == [1, 1, 2, 1, 2, 1]
    late = start + 3 * HOUR + MINUTE
    assert [history.server_of(machine, late) for machine in (A, younger)] == [2, 1]


def test_a_retry_is_found_with_the_clone_that_has_it(
    history: History,
) -> None:
    first = A.report(100 * HOUR)
    assert history.stored(first) == 1
    younger = replace(A, boot=2 * HOUR)
    for hour in (101, 103, 105):
        history.server_of(younger, hour * HOUR)
        history.server_of(A, (hour + 1) * HOUR)
    assert history.server_of(A, 107 * HOUR) == 2
    assert history.store.plan(first, 0) is not None
    assert history.store.add(first, 0).new is False
    assert history.store.add(A.report(104 * HOUR), 0).new is False
    assert history.stored(first) == 1


def test_a_retry_is_found_beside_a_report_of_the_same_time(
    history: History,
) -> None:
    first = A.report(100 * HOUR)
    assert history.stored(first) == 1
    assert history.server_of(replace(A, boot=2 * HOUR), 100 * HOUR) == 1
    assert history.store.add(first, 0).new is False


def test_the_most_similar_sibling_is_chosen(history: History) -> None:
    clones = [Machine("a", "10.0.0.1", None), Machine("b", "10.0.0.2", None)]
    assert history.servers(clones) == [1, 2]
    assert history.server_of(Machine("b", "10.0.0.1", None)) == 2  # the name is the stronger one
    assert history.server_of(Machine("c", "10.0.0.1", None)) == 1
    assert history.server_of(Machine(None, "10.9.9.9", None)) == 1  # the first of equals


def test_a_late_report_is_compared_with_the_newest_one(history: History) -> None:
    moved = replace(A, address="10.0.0.2")
    assert history.servers([A, moved, replace(moved, host="db")]) == [1, 1, 1]
    assert history.server_of(moved, HOUR) == 1
    assert history.server_of(A, HOUR) == 2  # its name and its address are others now


@pytest.mark.parametrize("later", [replace(A, address="10.0.0.2"), replace(A, host="db")], ids=str)
def test_a_change_and_an_earlier_start_are_another_machine(
    history: History, later: Machine
) -> None:
    assert history.servers([A, replace(later, boot=HOUR - MINUTE // 60)]) == [1, 2]


def test_a_boot_that_comes_back_is_another_machine(history: History) -> None:
    older, younger = replace(A, boot_id="one"), replace(A, boot_id="two")
    assert history.servers([older, older, younger, older, younger]) == [1, 1, 1, 2, 1]
    assert history.flags() == {("m", 1)}


def test_a_plan_is_made_anew_if_a_clone_took_its_server_meanwhile(history: History) -> None:
    younger = replace(A, boot=2 * HOUR)
    history.server_of(A, 100 * HOUR)
    planned = A.report(110 * HOUR)
    plan = history.store.plan(planned, 0)
    assert plan is not None
    assert plan.server_id == 1
    # The plan says server 1. A clone appears, which takes that server for itself.
    history.server_of(younger, 101 * HOUR)
    stored = history.store.add(planned, 0, plan)
    assert history.server_of_record(stored.id_serv) == 2


def test_a_plan_is_made_anew_if_a_sibling_was_added_meanwhile(
    history: History,
) -> None:
    a, b = Machine("a", "10.0.0.1", None), Machine("b", "10.0.0.2", None)
    history.servers([a])
    between = Machine("b", "10.0.0.1", None).report(200 * HOUR)
    plan = history.store.plan(between, 0)  # a machine that was renamed, for all that is known
    assert plan is not None
    assert plan.server_id == 1
    history.servers([b])  # and now there is one of that name; server 1 has nothing new
    stored = history.store.add(between, 0, plan)
    assert history.server_of_record(stored.id_serv) == 2


def test_a_machine_that_got_a_new_name_and_address_with_a_new_start_is_not_flagged() -> None:
    with histories() as history:
        before = history.server_of(Machine("web", "10.0.0.1", HOUR), taken_at=2 * HOUR)
        after = history.server_of(Machine("db", "10.0.0.2", 3 * HOUR), taken_at=4 * HOUR)
        assert before != after  # it could as well be another
        assert history.flags() == {("m", 0)}


def test_no_more_than_sixteen_siblings_are_told_apart(history: History) -> None:
    """Whoever has a token for one id could make a server with each report."""
    machines = [Machine(f"host-{n}", f"10.0.1.{n}", None) for n in range(MAX_SIBLINGS)]
    assert history.servers(machines) == list(range(1, MAX_SIBLINGS + 1))
    assert history.servers(machines[::-1]) == list(range(MAX_SIBLINGS, 0, -1))
    more = [Machine(f"more-{n}", f"10.0.2.{n}", None) for n in range(40)]
    assert set(history.servers(more)) <= set(range(1, MAX_SIBLINGS + 1))
    assert history.flags() == {("m", 1)}


def test_beyond_sixteen_siblings_a_report_goes_to_the_nearest_one(history: History) -> None:
    machines = [Machine(f"host-{n}", f"10.0.1.{n}", None) for n in range(MAX_SIBLINGS)]
    history.servers(machines)
    assert history.server_of(Machine("host-7", "10.0.2.1", None)) == 8
    assert history.server_of(Machine("other", "10.0.1.3", None)) == 4
