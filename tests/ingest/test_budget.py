"""The budget of a source: a rate, a burst, and nothing that other sources notice."""

from __future__ import annotations

import heapq
import random

import pytest

from service.config import Config
from service.ingest.budget import BURST_SECONDS, UNITS_A_REQUEST, Budget

RATE = 100.0


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def budget(clock: Clock) -> Budget:
    return Budget(RATE, clock)


def test_a_source_below_its_rate_is_never_refused(budget: Budget, clock: Clock) -> None:
    for _ in range(1000):
        assert budget.spend("a", RATE / 2) == 0
        clock.now += 0.5


def test_a_first_report_may_take_more_than_is_left(budget: Budget) -> None:
    assert budget.spend("a", 20 * BURST_SECONDS * RATE) == 0


def test_what_a_request_has_taken_itself_does_not_count_against_it(budget: Budget) -> None:
    piece, taken = RATE, 0.0
    for _ in range(20 * round(BURST_SECONDS)):
        assert budget.spend("a", piece, taken) == 0
        taken += piece
    assert budget.spend("a", piece, taken) == 0
    assert budget.spend("a", piece) > 0, "another request of the source waits"


def test_requests_of_a_source_at_once_share_its_burst(budget: Budget) -> None:
    piece, most, taken = RATE / 10, 5 * BURST_SECONDS * RATE, [0.0] * 30
    going = set(range(30))
    while going:
        for each in list(going):
            if taken[each] >= most or budget.spend("a", piece, taken[each]):
                going.remove(each)
            else:
                taken[each] += piece
    assert BURST_SECONDS * RATE < sum(taken) < BURST_SECONDS * RATE + most


def test_a_source_that_waits_as_told_has_its_whole_budget_again(
    budget: Budget, clock: Clock
) -> None:
    for _ in range(3):
        assert budget.spend("a", BURST_SECONDS * RATE - 1) == 0
        assert budget.spend("a", 1000) == 0
        wait = budget.wait_of("a")
        assert wait == 20
        assert budget.spend("a", 1) == wait, "what is refused is not charged"
        clock.now += wait


def test_a_source_gets_its_rate_and_its_burst_however_much_it_asks(
    budget: Budget, clock: Clock
) -> None:
    taken = 0
    for _ in range(10_000):
        taken += 10 * (budget.spend("greedy", 10) == 0)
        clock.now += 0.01
    assert RATE * 100 <= taken <= RATE * (100 + BURST_SECONDS) + 10


def test_a_source_that_used_up_its_budget_stops_no_other_one(budget: Budget) -> None:
    while budget.spend("greedy", 100) == 0:
        pass
    assert budget.spend("healthy", 100) == 0


def test_sources_with_a_full_budget_are_forgotten(budget: Budget, clock: Clock) -> None:
    for number in range(10_000):
        budget.spend(f"source {number}", 1)
        clock.now += 0.001
    assert len(budget._full_at) < 3000
    budget.spend("greedy", 20 * BURST_SECONDS * RATE)
    for number in range(10_000):
        budget.spend(f"source {number}", 1)
        clock.now += 0.001
    assert budget.wait_of("greedy") > 0


def test_a_fleet_behind_one_address_gets_through_after_an_outage(
    budget: Budget, clock: Clock
) -> None:
    servers, spooled, units = 100, 60, 20 + UNITS_A_REQUEST
    jitter = random.Random(1)
    due = [(0.0, server) for server in range(servers)]
    left, failed = [spooled] * servers, [0] * servers
    while due:
        clock.now, server = heapq.heappop(due)
        wait = budget.spend("the fleet", units)
        if wait:
            pause = wait + jitter.uniform(0, min(300, 2.0 ** failed[server]))  # as agents do
            failed[server] += 1
            heapq.heappush(due, (clock.now + pause, server))
            continue
        left[server] -= 1
        failed[server] = 0
        if left[server]:
            heapq.heappush(due, (clock.now + 0.05, server))
    assert left == [0] * servers
    assert clock.now < 1.5 * servers * spooled * units / RATE


@pytest.mark.parametrize("workers", [1, 3, 64])
def test_five_hundred_agents_behind_one_address_are_not_refused(clock: Clock, workers: int) -> None:
    parts = [Budget(Config().source_changes / workers, clock) for _ in range(workers)]
    chance = random.Random(workers)
    agents = sorted(chance.uniform(0, 60) for _ in range(500))
    for minute in range(30):
        for second in agents:
            clock.now = 60 * minute + second
            assert chance.choice(parts).spend("the fleet", UNITS_A_REQUEST + 20) == 0
