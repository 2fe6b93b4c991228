"""A rule is left out where it passed its limits, and on all servers only if it did on most."""

from __future__ import annotations

from service.policies.guard.patience import Patience


def run_out(patience: Patience, *servers: int) -> list[bool]:
    return [patience.has_run_out("rule", server) for server in servers]


def test_reports_of_one_server_leave_a_rule_out_there_alone() -> None:
    patience = Patience()
    for _ in range(10):
        patience.note("rule", 7, is_limit=True)
    assert run_out(patience, 7, 1, 2) == [True, False, False]


def test_a_rule_that_was_left_out_is_tried_again() -> None:
    patience = Patience()
    for _ in range(3):
        patience.note("rule", 7, is_limit=True)
    assert run_out(patience, *[7] * 100) == [True] * 99 + [False]
    patience.note("rule", 7, is_limit=False)
    assert run_out(patience, 7) == [False]


def test_a_rule_over_its_limit_on_most_servers_is_left_out_on_all() -> None:
    patience = Patience()
    for server in (1, 2, 3):
        patience.note("rule", server, is_limit=True)
    assert run_out(patience, 4, 5) == [True, True]


def test_a_few_servers_among_many_leave_a_rule_out_nowhere_else() -> None:
    patience = Patience()
    for server in range(10):
        patience.note("rule", server, is_limit=False)
    for server in range(100, 109):
        patience.note("rule", server, is_limit=True)
    assert run_out(patience, 1, 50) == [False, False]
