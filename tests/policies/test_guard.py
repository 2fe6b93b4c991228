"""The guard's process has limits; a rule that passes them is unknown, and the others go on."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.errors import GuardEndedError
from service.policies.guard.guard import Guard, Request
from service.policies.guard.guard_connection import ProcessLimits
from service.policies.guard.limits import Limits
from service.policies.guard.verdict import Reason, State, Verdict
from service.policies.rules.rule import Scope, Semantics
from tests.policies.ordinary import NO_DATA, NOW, image, judged_rule

FAILS = judged_rule("SELECT name FROM processes WHERE name = 'bad'", "fails", key=("name",))
ENDLESS = judged_rule(
    "WITH RECURSIVE t(a) AS (SELECT pid FROM processes UNION ALL SELECT a + 1 FROM t)"
    " SELECT max(a) FROM t",
    "endless",
)
HUNGRY = judged_rule(
    "SELECT count(*) FROM (SELECT DISTINCT a.name || b.name || c.name || '"
    + "x" * 900
    + "' FROM processes a, processes b, processes c)",
    "hungry",
)


@pytest.fixture
def guard() -> Iterator[Guard]:
    limits = ProcessLimits(memory=256 * 1024 * 1024, processor=1.0, answer=30.0)
    with Guard(Limits(seconds=0.05), limits) as made:
        yield made


def servers(count: int) -> bytes:
    processes = [{"name": f"name-{n}"} for n in range(200)] + [{"name": "bad"}]
    return image(procesos=processes, pares=[{"veces": count - 1, "procesos": processes}])


def requests(count: int) -> list[Request]:
    return [Request(server, NOW) for server in range(1, count + 1)]


def test_a_rule_over_its_time_is_unknown_and_the_others_are_judged(guard: Guard) -> None:
    guard.load([ENDLESS, FAILS], NO_DATA)
    guard.open(servers(2))
    found = dict(guard.judge(requests(2)))
    for server in (1, 2):
        assert found[server]["fails"].state is State.FALLA
        assert found[server]["endless"][:2] == (State.DESCONOCIDO, Reason.LIMITE)
    assert guard.restarts == 0


def test_a_rule_over_the_memory_is_unknown_and_the_others_are_judged(guard: Guard) -> None:
    guard.load([HUNGRY, FAILS], NO_DATA)
    guard.open(servers(2))
    found = dict(guard.judge(requests(2)))
    assert {server: verdicts["fails"].state for server, verdicts in found.items()} == {
        1: State.FALLA,
        2: State.FALLA,
    }
    assert found[1]["hungry"].reason is Reason.LIMITE


def test_a_rule_over_its_time_again_and_again_is_left_out_for_a_while(guard: Guard) -> None:
    guard.load([ENDLESS], NO_DATA)
    guard.open(servers(40))
    details = [found["endless"].detail for _, found in guard.judge(requests(40))]
    assert details[:20] == ["more time than it may use"] * 20
    assert "it passed its limit again and again; it is tried again later" in details[20:]
    assert guard.restarts == 0


def test_the_process_that_is_killed_is_started_again(guard: Guard) -> None:
    guard.load([FAILS], NO_DATA)
    guard.open(servers(3))
    judged = guard.judge(requests(3))
    next(judged)
    pid = guard.pid
    assert pid is not None
    judged.close()
    assert dict(guard.judge(requests(3))).keys() == {1, 2, 3}
    assert guard.pid != pid
    assert guard.pid is not None
    os.kill(guard.pid, signal.SIGKILL)
    assert dict(guard.judge(requests(3)))[3]["fails"].state is State.FALLA
    assert guard.restarts == 1


# One call compares 400,000 characters at each of 400,000 places. SQLite's progress handler is not
# asked meanwhile.
LONG = f"replace('{'a' * 900}', 'a', '{'a' * 900}')"
STUBBORN = judged_rule(
    f"SELECT 1 FROM (SELECT {LONG} || name AS n FROM processes WHERE name = 'long' LIMIT 1)"
    " WHERE instr(n, substr(n, 1, 400000) || 'b')",
    "stubborn",
)


@pytest.mark.parametrize(
    "limits",
    [
        pytest.param(ProcessLimits(processor=0.1), marks=pytest.mark.torture, id="by the kernel"),
        pytest.param(
            ProcessLimits(answer=1.0), marks=pytest.mark.torture, id="by the wait for an answer"
        ),
    ],
)
def test_a_step_that_nothing_interrupts_ends_the_process_alone(limits: ProcessLimits) -> None:
    two = image(procesos=[{"name": "long"}, {"name": "bad"}], pares=[{"procesos": []}])
    with Guard(Limits(), limits) as guard:
        guard.load([STUBBORN, FAILS], NO_DATA)
        guard.open(two)
        found = dict(guard.judge(requests(2)))
        assert guard.restarts == 2  # once with all rules, once with this one
        again = dict(guard.judge(requests(2)))
        assert guard.restarts == 2  # it is not tried again so soon
    assert again == found
    assert found[1]["fails"].state is State.FALLA
    assert found[1]["stubborn"][:2] == (State.DESCONOCIDO, Reason.LIMITE)
    # What one server reports switches a rule off nowhere else.
    assert found[2]["stubborn"].state is State.CUMPLE


@pytest.mark.torture
def test_a_rule_that_ends_the_process_on_most_servers_is_left_out_on_all() -> None:
    with Guard(Limits(), ProcessLimits(answer=0.3)) as guard:
        guard.load([STUBBORN], NO_DATA)
        guard.open(
            image(
                procesos=[{"name": "long"}], pares=[{"veces": 29, "procesos": [{"name": "long"}]}]
            )
        )
        found = dict(guard.judge(requests(30)))
        assert 2 * 20 < guard.restarts < 2 * 25
    assert {verdicts["stubborn"].reason for verdicts in found.values()} == {Reason.LIMITE}


def test_a_fleet_rule_over_its_time_is_unknown_everywhere() -> None:
    endless = judged_rule(ENDLESS.sql, "endless", scope=Scope.FLOTA)
    fails = judged_rule(
        "SELECT servidor, name FROM procesos_vigentes WHERE name = 'bad'",
        "fails",
        scope=Scope.FLOTA,
        key=("name",),
    )
    with Guard(Limits(fleet_seconds=0.05)) as made:
        made.load([endless, fails], NO_DATA)
        made.open(servers(2))
        found = made.judge_fleet(NOW)
    of_endless, of_fails = found["endless"], found["fails"]
    assert isinstance(of_endless, dict)
    assert isinstance(of_fails, dict)
    assert {verdict.reason for verdict in of_endless.values()} == {Reason.LIMITE}
    assert {server: verdict.state for server, verdict in of_fails.items()} == {
        1: State.FALLA,
        2: State.FALLA,
    }


def test_more_rows_than_a_rule_may_give_are_no_hiding_place() -> None:
    many = [{"name": "bad"}] * 30
    of_server = judged_rule(FAILS.sql, "fails", key=("name",))
    with Guard(Limits(rows=20)) as made:
        made.load([of_server], NO_DATA)
        made.open(image(procesos=many))
        ((_, found),) = made.judge(requests(1))
    verdict = found["fails"]
    assert (verdict.state, verdict.detail, verdict.total) == (State.FALLA, "limite", 20)


def test_what_one_server_reports_makes_a_fleet_rule_unknown_nowhere_else() -> None:
    many, few = [{"name": "bad"}] * 90, [{"name": "bad"}]
    fails = judged_rule(
        "SELECT servidor, name FROM procesos_vigentes WHERE name = 'bad'",
        "fails",
        scope=Scope.FLOTA,
        key=("name",),
    )
    with Guard(Limits(fleet_rows=50, fleet_rows_each=20)) as made:
        made.load([fails], NO_DATA)
        made.open(image(procesos=many, pares=[{"procesos": few}, {"procesos": []}]))
        found = made.judge_fleet(NOW)["fails"]
    assert isinstance(found, dict)
    assert {server: (verdict.state, verdict.total) for server, verdict in found.items()} == {
        1: (State.FALLA, 20),
        2: (State.FALLA, 1),
        3: (State.CUMPLE, 0),
    }


def test_the_process_has_nothing_to_give_away(
    guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET", "hunter2")
    guard.load([FAILS], NO_DATA)
    process = Path(f"/proc/{guard.pid}")
    assert b"hunter2" not in (process / "environ").read_bytes()
    limits = {
        line[:26].strip(): line[26:].split()[0]
        for line in (process / "limits").read_text().splitlines()
    }
    assert limits["Max file size"] == "0"
    assert limits["Max processes"] == "0"
    assert limits["Max core file size"] == "0"
    assert int(limits["Max open files"]) <= 16
    assert int(limits["Max address space"]) == 256 * 1024 * 1024
    assert limits["Max cpu time"] != "unlimited"
    assert len(list((process / "fd").iterdir())) == 3


def test_an_image_that_is_too_large_is_an_error_and_no_verdict() -> None:
    with Guard(Limits(), ProcessLimits(memory=256 * 1024 * 1024)) as guard:
        guard.load([FAILS], NO_DATA)
        guard.open(b"\0" * 300_000_000)
        with pytest.raises(GuardEndedError):
            list(guard.judge(requests(1)))


@pytest.mark.torture
def test_rules_that_take_too_long_together_are_judged_one_by_one() -> None:
    rules = [judged_rule(ENDLESS.sql, f"endless-{n}") for n in range(16)]
    with Guard(Limits(seconds=0.1), ProcessLimits(answer=1.0)) as guard:
        guard.load([*rules, FAILS], NO_DATA)
        guard.open(servers(1))
        ((_, found),) = guard.judge(requests(1))
        assert guard.restarts == 1
    assert found.pop("fails").state is State.FALLA
    assert {verdict.reason for verdict in found.values()} == {Reason.LIMITE}


def test_a_rule_that_cannot_run_is_broken_everywhere(guard: Guard) -> None:
    broken = judged_rule("SELECT missing FROM processes", "broken")
    inspections = guard.load([broken, FAILS], NO_DATA)
    assert inspections["broken"].error == "no such column: missing"
    guard.open(servers(1))
    ((_, found),) = guard.judge(requests(1))
    assert found["broken"] == Verdict(
        State.DESCONOCIDO, Reason.REGLA_ROTA, "no such column: missing"
    )
    assert found["fails"].state is State.FALLA


def test_what_was_judged_before_breaks_no_rule_as_it_is_loaded(guard: Guard) -> None:
    reads = frozenset({("processes", "name"), ("processes", "cmdline"), ("processes", "")})
    sql = "SELECT cmdline FROM processes WHERE hora_local('x', name) > ''"
    rule = judged_rule(sql, "lines", key=("cmdline",))
    for _ in range(2):
        inspection = guard.load([rule], NO_DATA)["lines"]
        assert (inspection.error, inspection.reads) == (None, reads)
        guard.open(servers(1))
        ((_, found),) = guard.judge(requests(1))
        assert found["lines"].reason is Reason.REGLA_ROTA


def test_a_rule_about_a_server_sees_the_rows_of_that_server_alone(guard: Guard) -> None:
    relations = ("processes", "procesos_vigentes", "servers_vigentes", "os_version", "etiquetas")
    counts = ", ".join(f"(SELECT count(*) FROM {name}) AS {name}" for name in relations)
    rule = judged_rule(f"SELECT {counts}", "counts", evidence=relations)
    osquery = judged_rule(
        "SELECT 1 FROM processes WHERE name = 'auditd';",
        "osquery",
        semantics=Semantics.FILA_ES_EXITO,
    )
    guard.load([rule, osquery], NO_DATA)
    few, many = [{"name": "auditd"}], [{"name": "a"}, {"name": "b"}]
    guard.open(
        image(
            procesos=few, etiquetas={"rol": "web"}, pares=[{"procesos": many, "ordinario": False}]
        )
    )
    found = dict(guard.judge(requests(2)))
    shown = {server: verdicts["counts"].findings[0].evidence for server, verdicts in found.items()}
    assert shown == {
        1: (dict(zip(relations, (3, 3, 1, 1, 1), strict=True)),),
        2: (dict(zip(relations, (2, 2, 1, 1, 0), strict=True)),),
    }
    assert [found[server]["osquery"].state for server in (1, 2)] == [State.CUMPLE, State.FALLA]


def test_what_is_asked_for_alone_is_judged_alone(guard: Guard) -> None:
    guard.load([ENDLESS, FAILS], NO_DATA)
    guard.open(servers(1))
    assert [set(found) for _, found in guard.judge([Request(1, NOW, ["fails"])])] == [{"fails"}]
