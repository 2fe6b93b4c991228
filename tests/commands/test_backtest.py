"""`python -m service backtest` says what a rule would have found in the past, and exits by it."""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service.commands import backtest
from service.config import Config
from service.times import MINUTE, SECOND
from tests.policies.rule_texts import write_rule
from tests.support import judged_field
from tests.support.documentation import page
from tests.support.judged_field import ALONE, EVERYWHERE, START, WEB, Arrival, Field
from tests.support.live import PROJECT

AT_ONCE = ('confirmar_tras = "2 informes", resolver_tras = "30m", gracia_nuevos = "24h"', "")
PERIOD = ("--desde", "2026-11-02", "--hasta", "2026-11-02T02:00:00Z")
ODD = "(name = 'odd' AND abs(-9223372036854775807 - (length(name) - 2)))"
BROKEN = ("name = 'bad'", f"name = 'bad' OR {ODD}")


def _arrivals() -> Iterator[Arrival]:
    """m0 fails twice for ten minutes, and a late report says that it failed in between."""
    for minute in range(5, 120, 5):
        at = START + minute * MINUTE
        is_bad = minute in (30, 35, 60, 65)
        yield Arrival(at + SECOND, at, "m0", ("bad",) if is_bad else ())
        yield Arrival(at + 2 * SECOND, at, "m1", ("odd",) if minute == 50 else ())
    late = START + 47 * MINUTE
    yield Arrival(START + 119 * MINUTE, late, "m0", ("bad",))


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    with pytest.MonkeyPatch.context() as patch:
        made = Field(tmp_path_factory.mktemp("backtest"), patch)
        for arrival in sorted(_arrivals()):
            made.add(arrival)
    with closing(made.database):
        yield made


def tried(field: Field, rule: Path, *arguments: str) -> int:
    """The exit code of the command over the two hours of the field."""
    parser = argparse.ArgumentParser()
    backtest.add_arguments(parser)
    options = parser.parse_args([str(rule), *PERIOD, *arguments])
    return backtest.run(Config(data=field.config.data), options)


def test_violations_are_told_with_their_bounds_and_alerts(
    field: Field, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rule = write_rule(tmp_path, EVERYWHERE, AT_ONCE)
    assert tried(field, rule, "--csv") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert list(rows[0]) == [
        "servidor", "nombre", "clave", "abierta_tras", "abierta_en", "confirmada_en", "vista",
        "resuelta_en", "fin", "recaidas", "tardia", "alertas",
    ]  # fmt: skip
    assert {(row["servidor"], row["clave"]) for row in rows} == {("1", '{"name":"bad"}')}
    members = ("abierta_tras", "abierta_en", "vista", "resuelta_en", "tardia", "alertas")
    found = [[row[member][11:16] or row[member] for member in members] for row in rows]
    assert found == [
        ["00:25", "00:30", "00:35", "00:40", "0", "1"],
        ["00:55", "01:00", "01:05", "01:10", "0", "1"],
        ["00:45", "00:47", "00:47", "00:50", "1", "1"],
    ]


def test_the_axis_of_moments_puts_late_reports_into_their_place(
    field: Field, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rule = write_rule(tmp_path, EVERYWHERE, AT_ONCE)
    assert tried(field, rule, "--json", "--eje", "momento") == 0
    found = json.loads(capsys.readouterr().out)["violaciones"]
    assert [(row["abierta_en"][11:16], row["tardia"]) for row in found] == [
        ("00:30", False),
        ("00:47", False),
        ("01:00", False),
    ]


def test_names_of_servers_are_shown_to_terminals_as_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(judged_field, "WEB", WEB._replace(nombre_host="m0\x1b[31m"))
    with closing((made := Field(tmp_path / "var", monkeypatch)).database):
        made.now = START + 2 * MINUTE
        made.add(Arrival(START + MINUTE + SECOND, START + MINUTE, "m0", ("bad\u202e\x9b2J",)))
        rule = write_rule(tmp_path, EVERYWHERE, AT_ONCE, ("name = 'bad'", "name LIKE 'bad%'"))
        assert tried(made, rule) == 0
    out = capsys.readouterr().out
    assert r"m0\x1b[31m" in out
    assert out.count(r'{"name":"bad\u202e\x9b2J"}') == 2  # the violation, and the noisiest keys
    assert out.replace("\n", "").isprintable()


def test_the_text_names_totals_and_where_records_begin(
    field: Field, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rule = write_rule(tmp_path, EVERYWHERE, AT_ONCE)
    assert tried(field, rule) == 0
    out = capsys.readouterr().out
    assert "2 servers: 1 failed at some time, 0 unknown at some time\n" in out
    assert "3 violations, 3 alerts (36.00 a day)\n" in out
    assert 'server 1, {"name":"bad"}: 3 alerts\n' in out
    assert "records begin 2026-11-02 00:05:01: nothing is known of the time before\n" in out


@pytest.mark.parametrize(("most", "code"), [("3", 0), ("2", 1)])
def test_more_alerts_than_allowed_fail(field: Field, tmp_path: Path, most: str, code: int) -> None:
    rule = write_rule(tmp_path, EVERYWHERE, AT_ONCE)
    assert tried(field, rule, "--max-alertas", most) == code


def test_a_server_is_chosen_by_its_number(
    field: Field, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rule = write_rule(tmp_path, EVERYWHERE, AT_ONCE)
    assert tried(field, rule, "--servidor", "2") == 0
    assert "1 server: 0 failed" in capsys.readouterr().out
    assert tried(field, rule, "--servidor", "nobody") == 2


def test_a_rule_that_is_refused_is_told_with_its_line(
    field: Field, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rule = write_rule(tmp_path, ('name = "bad" }', 'name = "good" }'))
    assert tried(field, rule) == 3
    assert f"refused  {rule}:15: prueba 1: expected falla, got cumple\n" in capsys.readouterr().out


def test_a_rule_that_breaks_on_a_server_is_not_wholly_judged(
    field: Field, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rule = write_rule(tmp_path, EVERYWHERE, BROKEN)
    assert tried(field, rule) == 4
    out = capsys.readouterr().out
    assert "not all judged: the rule broke or passed its limit on server 2\n" in out


def test_another_cadence_of_the_fleet_is_an_estimate(
    field: Field, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rule = write_rule(tmp_path, *ALONE, EVERYWHERE, AT_ONCE, name="f-rule")
    found = {}
    for cadence in ("10s", "1m", "1h"):
        assert tried(field, rule, "--csv", "--cada", cadence) == 0
        out, error = capsys.readouterr()
        assert ("estimate" in error) == (cadence != "10s")
        found[cadence] = [row["abierta_en"][11:19] for row in csv.DictReader(io.StringIO(out))]
    assert found == {
        "10s": ["00:30:00", "01:00:00"],
        "1m": ["00:30:00", "01:00:00"],
        "1h": [],
    }


READS_LINES = ("GROUP BY name", "AND linea_comando IS NOT 'x' GROUP BY name")


@pytest.mark.parametrize("form", [(), ("--csv",), ("--json",)])
def test_rows_of_a_rule_that_reads_command_lines_are_not_shown(
    field: Field, tmp_path: Path, capsys: pytest.CaptureFixture[str], form: tuple[str, ...]
) -> None:
    rule = write_rule(tmp_path, EVERYWHERE, AT_ONCE, READS_LINES)
    assert tried(field, rule, *form) == 0
    out = capsys.readouterr().out
    assert "2026-11-02 00:30:00" in out
    assert "bad" not in out


def test_what_cannot_be_asked_is_a_mistake_of_the_caller(
    field: Field, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tried(field, tmp_path / "nowhere.sql") == 2
    rule = write_rule(tmp_path, EVERYWHERE)
    assert tried(field, rule, "--desde", "2026-12-01") == 2
    assert capsys.readouterr().err.endswith("--desde has to be before --hasta\n")
    assert tried(field, rule, "--desde", "2036-12-01", "--hasta", "2036-12-02") == 2
    assert capsys.readouterr().err.endswith("--desde has to be in the past\n")


def test_a_database_that_cannot_be_read_is_no_noisy_rule(
    field: Field, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = write_rule(tmp_path, EVERYWHERE)
    monkeypatch.setattr(field, "config", Config(data=tmp_path / "nothing"))
    assert tried(field, rule, "--max-alertas", "0") == 4


def test_trying_a_rule_writes_nothing(field: Field, tmp_path: Path) -> None:
    rule = write_rule(tmp_path, EVERYWHERE, AT_ONCE)
    before = sorted(path.name for path in field.config.data.iterdir())
    with field.database.transaction():  # nor does it wait for a writer
        assert tried(field, rule, "--desde", "2026-11-01") == 0
    assert sorted(path.name for path in field.config.data.iterdir()) == before
    assert field.rows()[0] == []


@pytest.mark.torture
def test_the_commands_of_the_page_try_a_rule_and_plan_a_folder(
    field: Field, tmp_path: Path
) -> None:
    on_the_past = page("sql/policies/README.md").split("\n## On the past\n")[1]
    commands = re.findall(r"^```sh\n(.*?)^```$", on_the_past, re.MULTILINE | re.DOTALL)
    (tmp_path / "rules").mkdir()
    write_rule(tmp_path / "rules", ('"a-rule"', '"my-rule"'), EVERYWHERE, AT_ONCE, name="my-rule")
    for name in ("service", "sql"):
        (tmp_path / name).symlink_to(PROJECT / name)
    outcomes = []
    for command in commands:
        done = subprocess.run(
            ["bash", "-c", command.replace("python -m", f"{sys.executable} -m")],
            cwd=tmp_path,
            env=os.environ | {"COMPLIANCE_DATA": str(field.config.data)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.stderr == ""
        outcomes.append((done.returncode, done.stdout.splitlines()[0].partition(",")[0]))
    assert outcomes == [(0, "my-rule"), (1, "### Rules: 1 new")]
