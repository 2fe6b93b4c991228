"""Plain gunicorn evaluates: one process, which is started again, and ends with its service."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.policies.rule_texts import write_rule
from tests.support import commands, engine
from tests.support.judged_fleet import AT_ONCE, EVERYWHERE, FLEET, LONELY
from tests.support.live import LiveService, wait_until
from tests.support.reports import report

pytestmark = pytest.mark.torture

VIOLATIONS = """
SELECT rule, key, lower(hex(digest)), opened_after_report_id, opened_in_report_id, ended_report_id
FROM violation JOIN policy_text ON policy_text.id = text_id
-- By which each report of version 1 fails, and each server without an owner.
WHERE rule NOT IN ('evidencia-parcial', 'sin-responsable')
ORDER BY rule, opened_in_report_id, key
"""

DIGESTS = "SELECT rule, hex(digest), opened_in_report_id FROM violation"
DIGESTS += " JOIN policy_text ON policy_text.id = text_id WHERE rule <> 'clonado' ORDER BY 1, 3"


@pytest.fixture
def evaluated(tmp_path: Path) -> Iterator[LiveService]:
    live = LiveService(tmp_path / "var", COMPLIANCE_EVALUATOR="auto", COMPLIANCE_FLEET_EVERY="1")
    try:
        yield live.start()
    finally:
        live.stop()


def has_rules(live: LiveService) -> bool:
    """Of reports that arrive before, only the newest of each server is judged."""
    return live.rows("SELECT count(*) FROM policy") != [(0,)]


def post(
    live: LiveService, name: str, at: datetime, address: str = "10.0.0.1", **members: str
) -> int:
    """A report of pid 1 and one more process. members: of version 2."""
    document = report(0, ipaddress=address, fecha_hora=f"{at:%Y-%m-%d %H:%M:%S.%f}")
    document |= {"version_esquema": 2, **members} if members else {}
    document["procesos"] = [
        {"username": "root", "pid": 1, "name": "init"},
        {"username": "juan", "pid": 2, "name": name},
    ]
    answer = live.post(document)
    assert answer.status == 201
    return int(answer.json()["id_serv"])


def evaluators(data: Path) -> list[int]:
    """The processes that evaluate this data folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().split(b"\0")
            environ = (process / "environ").read_bytes().split(b"\0")
        except OSError:  # it has just ended
            continue
        if b"--follow" in command and f"COMPLIANCE_DATA={data}".encode() in environ:
            found.append(int(process.name))
    return found


def is_judged(live: LiveService) -> bool:
    return bool(live.get("/readyz").json()["evaluacion"]["servidores_pendientes"] == 0)


def test_a_report_that_fails_is_a_violation_soon(evaluated: LiveService) -> None:
    wait_until(lambda: has_rules(evaluated))
    at = datetime.now(UTC) - timedelta(seconds=3)
    first = post(evaluated, "sleep", at)
    second = post(evaluated, "xmrig", at + timedelta(seconds=1))
    third = post(evaluated, "sleep", at + timedelta(seconds=2))
    wait_until(lambda: is_judged(evaluated))
    ((rule, key, _, after, opened, ended),) = evaluated.rows(VIOLATIONS)
    assert (rule, after, opened, ended) == ("minero", first, second, third)
    assert key == '{"name":"xmrig","username":"juan"}'


def rows_of_a_load(live: LiveService, at: datetime, *, is_killed: bool) -> tuple[engine.Rows, int]:
    """What 120 reports of five servers give, and how often the evaluator was killed meanwhile."""
    kills = 0
    try:
        live.start()
        wait_until(lambda: has_rules(live))
        for number in range(120):
            name = "xmrig" if number % 7 < 3 else "sleep"
            post(live, name, at + timedelta(seconds=number), f"10.0.0.{number % 5}")
            if is_killed and number % 10 == 0:
                for pid in evaluators(live.data):
                    os.kill(pid, signal.SIGKILL)
                    kills += 1
        wait_until(lambda: is_judged(live))
        return live.rows(VIOLATIONS), kills
    finally:
        live.stop()


def test_an_evaluator_that_is_killed_gives_the_same_rows(tmp_path: Path) -> None:
    at = datetime.now(UTC) - timedelta(hours=2)
    found = []
    for is_killed in (False, True):
        folder = tmp_path / str(is_killed)
        folder.mkdir()
        live = LiveService(folder / "var", COMPLIANCE_EVALUATOR="auto")
        found.append(rows_of_a_load(live, at, is_killed=is_killed))
    (rows, _), (same, kills) = found
    assert rows == same
    assert len(rows) > 10
    assert kills > 0


def test_two_services_have_one_evaluator_which_passes_on(evaluated: LiveService) -> None:
    other = LiveService(evaluated.data, COMPLIANCE_EVALUATOR="auto")
    try:
        other.start()
        time.sleep(3)  # each of its keepers has tried the lock by then
        (first,) = evaluators(evaluated.data)
        evaluated.stop()
        wait_until(lambda: len(evaluators(evaluated.data)) == 1)
        assert evaluators(evaluated.data) != [first]
        post(other, "xmrig", datetime.now(UTC))
        wait_until(lambda: len(other.rows(VIOLATIONS)) == 1)
    finally:
        other.stop()


def test_no_evaluator_outlives_a_service_whose_processes_are_killed(
    evaluated: LiveService,
) -> None:
    wait_until(lambda: len(evaluators(evaluated.data)) == 1)
    for pid in [evaluated.pid, *evaluated.worker_pids()]:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not evaluators(evaluated.data))


def test_a_service_that_stops_leaves_no_process(evaluated: LiveService) -> None:
    wait_until(lambda: len(evaluators(evaluated.data)) == 1)
    evaluated.stop()
    assert not evaluators(evaluated.data)


def test_an_evaluator_that_dies_is_started_again(evaluated: LiveService) -> None:
    wait_until(lambda: len(evaluators(evaluated.data)) == 1)
    (first,) = evaluators(evaluated.data)
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: evaluators(evaluated.data) not in ([], [first]))


def test_a_service_with_rules_and_without_tokens_starts_again(evaluated: LiveService) -> None:
    wait_until(lambda: has_rules(evaluated))
    evaluated.stop()
    evaluated.start()
    assert evaluated.get("/readyz").status == 200


def test_evaluate_once_waits_for_the_evaluator_that_runs(
    evaluated: LiveService, tmp_path: Path
) -> None:
    post(evaluated, "xmrig", datetime.now(UTC))
    arguments = ["evaluate", "--once", "--minimo", "0", "--csv", str(tmp_path / "verdicts.csv")]
    done = commands.run(arguments, evaluated.data)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "minero: 0 pass, 1 fail, 0 unknown, 0 do not apply" in done.stdout
    assert ",minero,critica,falla," in (tmp_path / "verdicts.csv").read_text(encoding="utf-8")


def test_evaluate_once_waits_for_rules_that_have_just_changed(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    settings = {"COMPLIANCE_POLICIES": str(rules), "COMPLIANCE_FLEET_EVERY": "2"}
    live = LiveService(tmp_path / "var", COMPLIANCE_EVALUATOR="auto", **settings)
    try:
        live.start()
        post(live, "bad", datetime.now(UTC))
        wait_until(lambda: has_rules(live) and is_judged(live))
        write_rule(rules, *FLEET, name="f-rule")
        write_rule(rules, EVERYWHERE, AT_ONCE)
        done = commands.run(["evaluate", "--once", "--minimo", "0"], live.data, **settings)
    finally:
        live.stop()
    for rule in ("a-rule", "f-rule"):
        assert f"{rule}: 0 pass, 1 fail, 0 unknown, 0 do not apply" in done.stdout, done.stderr


def test_of_a_cloned_machine_the_first_keeps_its_violations(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    write_rule(rules, *FLEET, name="f-rule")
    write_rule(rules, EVERYWHERE, AT_ONCE)
    live = LiveService(
        tmp_path / "var",
        COMPLIANCE_EVALUATOR="auto",
        COMPLIANCE_POLICIES=str(rules),
        COMPLIANCE_FLEET_EVERY="1",
    )
    opened = (
        "SELECT rule, server_id, opened_after_at IS NULL, ended_at IS NULL FROM violation"
        " JOIN policy_text ON policy_text.id = text_id"
        " WHERE rule IN ('a-rule', 'f-rule', 'clonado') ORDER BY rule, server_id, violation.id"
    )
    at = datetime.now(UTC) - timedelta(minutes=1)
    try:
        live.start()
        wait_until(lambda: has_rules(live))
        post(live, "bad", at, id_maquina="m1", nombre_host="a")
        wait_until(lambda: len(live.rows(opened)) == 2)
        before = live.rows(DIGESTS)
        clone = {"id_maquina": "m1", "nombre_host": "b", "address": "10.0.0.2"}
        post(live, "bad", at + timedelta(seconds=10), **clone)
        post(live, "bad", at + timedelta(seconds=20), id_maquina="m1", nombre_host="a")
        post(live, "bad", at + timedelta(seconds=30), **clone)
        wait_until(lambda: len(live.rows(opened)) == 6)
        of_both = [(rule, server, 1, 1) for rule in ("a-rule", "f-rule") for server in (1, 2)]
        assert live.rows(opened) == [
            *of_both[:2], ("clonado", 1, 0, 1), ("clonado", 2, 0, 1), *of_both[2:],
        ]  # fmt: skip
        assert [row for row in live.rows(DIGESTS) if row in before] == before
        shown = live.get("/violaciones?politica=a-rule").json()["violaciones"]
        assert [found["id_clonado"] for found in shown] == [True, True]
    finally:
        live.stop()


def test_the_report_of_another_server_is_named_as_a_bound(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    write_rule(rules, *LONELY, name="f-rule")
    settings = {"COMPLIANCE_POLICIES": str(rules), "COMPLIANCE_FLEET_EVERY": "1"}
    live = LiveService(tmp_path / "var", COMPLIANCE_EVALUATOR="auto", **settings)

    def rows() -> list[dict[str, object]]:
        found: list[dict[str, object]] = live.get("/violaciones?politica=f-rule").json()[
            "violaciones"
        ]
        return found

    try:
        live.start()
        wait_until(lambda: has_rules(live))
        first = post(live, "sleep", datetime.now(UTC))
        wait_until(lambda: live.rows("SELECT 1 FROM fleet_tick") == [(1,)])
        second = post(live, "bad", datetime.now(UTC))
        wait_until(rows)
        post(live, "sleep", datetime.now(UTC), "10.0.0.2")
        wait_until(lambda: rows()[0]["fin"])
        (row,) = rows()
    finally:
        live.stop()
    assert (row["abierta_tras_id_serv"], row["abierta_en_id_serv"]) == (first, second)
    assert (row["resuelta_en_id_serv"], row["resuelta_en_marca"]) == (None, "informe_ajeno")


def test_an_evaluator_without_its_service_takes_nobody_for_silent(tmp_path: Path) -> None:
    settings = {"COMPLIANCE_SILENT_AFTER": "2"}
    live = LiveService(tmp_path / "var", **settings)
    silent = "SELECT min(first_at) FROM verdict_span WHERE reason = 'silencio'"
    opened = "SELECT min(opened_in_at) FROM violation JOIN policy_text ON policy_text.id = text_id"
    opened += " WHERE rule = 'silencioso'"
    try:
        live.start()
        with commands.started(["evaluate", "--follow"], live.data, **settings):
            wait_until(lambda: has_rules(live))
            post(live, "sleep", datetime.now(UTC))
            live.kill()
            time.sleep(6)
            assert live.rows(silent) == live.rows(opened) == [(None,)]
            live.start()
            back_at = datetime.now(UTC).timestamp()
            time.sleep(4)
            post(live, "sleep", datetime.now(UTC), "10.0.0.2")
            wait_until(lambda: live.rows(opened) != [(None,)])
            ((since,),), ((violated,),) = live.rows(silent), live.rows(opened)
            assert min(since, violated) / 1e6 > back_at + 1
    finally:
        live.stop()
