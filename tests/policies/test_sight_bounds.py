"""What hostile reports may cost where the evaluator keeps what it knows of servers in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service.errors import GuardEndedError
from service.policies.evaluator.evaluator import Evaluator
from service.policies.guard.sightings import Relevant
from service.policies.guard.verdict import State, Verdict
from service.policies.rules.folders import read_policies
from service.report import Report
from service.store.queries import load_queries
from service.store.write.new_report import NewReport
from service.store.write.reports import ReportStore
from tests.policies.rule_texts import write_rule
from tests.policies.seen_reports import PROFILE, Both
from tests.policies.seen_reports import START as FIRST
from tests.support.judged_field import EVERYWHERE, START, Arrival, Field, work

_TELNET = "servicio-telnet"
_MANY = 600


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    model = read_policies().rules[_TELNET]
    sql = "SELECT name, pid FROM procesos_vigentes WHERE name = 'bad'"
    by_pid = replace(model, id="by-pid", sql=sql, key=("pid",), evidence=("name",))
    with closing(Both(tmp_path, [model, by_pid])) as made:
        yield made


def _judge(
    both: Both, names: Sequence[str], *, with_lines: bool = True, server: int = 1
) -> Verdict:
    """The verdict of by-pid on a server that runs these, each with a command line of its own."""
    report = Report(
        FIRST, PROFILE, [(pid, name, "root", None) for pid, name in enumerate(names, 1)], [],
        bytes([server]),
        [(1, None, f"{pid}" if with_lines else None) for pid, _ in enumerate(names, 1)],
        f"m{server}", None,
    )  # fmt: skip
    ReportStore(both.database, load_queries()).add_all([NewReport(report, FIRST)])
    return both.judge(server, 1, FIRST)["by-pid"]


def test_a_server_with_many_programs_that_rules_see_is_judged_by_all_rows(
    both: Both,
) -> None:
    """To look for the processes of each of them would take longer the more there are."""
    _judge(both, ["init", *["bad"] * _MANY])
    assert both.asked == [None]


def test_a_server_with_many_new_programs_is_judged_by_all_rows_meanwhile(
    both: Both,
) -> None:
    _judge(both, ["init", *(f"p{number}" for number in range(2500))])
    both.judge(1, 1, FIRST)
    assert both.asked == [None, [_TELNET, "by-pid"]]


def test_programs_that_the_same_rules_see_share_what_is_known_of_it(
    both: Both,
) -> None:
    _judge(both, ["init", *["kthreadd"] * 3])
    known = both._judges[0]._sight._known
    seen = [process.sees for process in known.values() if process.sees is not None]
    assert len(seen) == 3
    assert len({id(sees) for sees in seen}) == 1


def test_verdicts_with_many_rows_are_not_kept(both: Both) -> None:
    assert len(_judge(both, ["init", *["bad"] * _MANY], with_lines=False).findings) == _MANY
    assert both.judge(1, 1, FIRST)["by-pid"].state is State.FALLA
    assert both.asked == [[_TELNET, "by-pid"], ["by-pid"]]


def _ending(relevant: Callable[..., Relevant]) -> Callable[..., Relevant]:
    def found(programs: Sequence[Sequence[Any]]) -> Relevant:
        if any(name == "heavy" for _, name, *_ in programs):
            raise GuardEndedError("it took too long")
        return relevant(programs)

    return found


def test_servers_on_which_the_guard_ends_do_not_slow_down_others(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = both._judges[0]._guard
    monkeypatch.setattr(guard, "relevant", _ending(guard.relevant))
    all_rules = [_TELNET, "by-pid"]
    for server in range(1, 5):
        _judge(both, ["init", "heavy"], server=server)
    _judge(both, ["init"], server=5)
    assert both.asked == [None, None, None, None, all_rules]
    _judge(both, ["init", "heavy"], server=6)
    _judge(both, ["init"], server=7)  # there are too many of them
    assert both.asked[5:] == [None, None]


def test_servers_with_many_violations_are_loaded_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    field = Field(tmp_path, monkeypatch)
    write_rule(
        tmp_path / "rules", ('"a-rule"', '"k-rule"'), ("'bad'", "'bad' OR name GLOB 'n*'"),
        EVERYWHERE, name="k-rule",
    )  # fmt: skip
    names = tuple(f"n{number}" for number in range(150))
    with closing(field.database), Evaluator(field.config) as evaluator:
        evaluator.begin(look_seconds=0)
        for at in (START + 1, START + 2):
            field.now = at
            for machine, running in (("m1", ("bad",)), ("m2", names)):
                field.add(Arrival(at, at, machine, running))
            work(evaluator)
        assert [*evaluator._rounds._known._servers] == [1]
