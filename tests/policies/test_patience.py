"""A rule is left out where it passed its limits, and on all servers only while it is to blame."""

from __future__ import annotations

from service.policies.guard.patience import Patience

LIMIT = 0.5


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def run_out(patience: Patience, *servers: int) -> list[bool]:
    return [patience.has_run_out("rule", server) for server in servers]


def over(patience: Patience, *servers: int) -> None:
    for server in servers:
        patience.note("rule", server, is_limit=True)


def test_reports_of_one_server_leave_a_rule_out_there_alone() -> None:
    patience = Patience(LIMIT)
    over(patience, *[7] * 10)
    assert run_out(patience, 7, 1, 2) == [True, False, False]


def test_a_rule_that_was_left_out_is_tried_again() -> None:
    patience = Patience(LIMIT)
    over(patience, *[7] * 3)
    assert run_out(patience, *[7] * 100) == [True] * 99 + [False]
    patience.note("rule", 7, is_limit=False)
    assert run_out(patience, 7) == [False]


def test_three_servers_leave_a_rule_out_nowhere_else_though_they_are_judged_first() -> None:
    patience = Patience(LIMIT)
    over(patience, *[1, 2, 3] * 3)  # as often as it is tried there
    assert run_out(patience, 1, 2, 3, 4, 5) == [True, True, True, False, False]


def test_a_rule_that_takes_too_long_on_most_servers_is_left_out_on_all_for_a_time() -> None:
    clock = Clock()
    patience = Patience(LIMIT, clock)
    over(patience, *range(21))
    assert run_out(patience, 50, 51) == [True, True]
    clock.seconds = 6.0  # a tenth of which is more than it took too much
    assert run_out(patience, 50) == [False]
    over(patience, 50)
    assert run_out(patience, 51) == [True]


def test_a_rule_that_takes_too_long_on_a_few_servers_is_left_out_nowhere_else() -> None:
    patience = Patience(LIMIT)
    for server in range(31):
        patience.note("rule", server, is_limit=False)
    over(patience, *range(100, 130))
    assert run_out(patience, 1, 50) == [False, False]
