"""`python -m service policy test` says of each rule whether it is right, and what is wrong."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from service.commands import policy
from service.times import SECOND
from tests.policies.rule_texts import write_rule
from tests.support.judged_field import START, Arrival, Field, Telling
from tests.support.live import PROJECT


def policy_test(*arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "service", "policy", "test", *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_the_shipped_rules_are_right() -> None:
    code, out, _ = policy_test()
    assert code == 0
    assert re.search(r"^ok       minero \(\d+ cases, shipped\)$", out, re.MULTILINE)
    assert out.endswith(", no faults\n")


def test_faults_are_told_with_file_and_line(tmp_path: Path) -> None:
    path = write_rule(tmp_path, ('name = "bad" }', 'name = "good" }'))
    write_rule(tmp_path, ('"alta"', '"x"'), ('"a-rule"', '"b-rule"'), name="b-rule")
    (tmp_path / "ajustes.toml").write_text("[sin-auditd]\nactiva = false\n")
    code, out, _ = policy_test(str(tmp_path))
    assert code == 1
    assert f"refused  {path}:15: prueba 1: expected falla, got cumple\n" in out
    assert f"refused  {tmp_path / 'b-rule.sql'}:3: severidad: expected one of" in out
    assert "off      sin-auditd\n" in out
    assert "ok       a-rule" not in out
    assert "ok       minero" in out


def test_a_folder_that_is_not_there_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    code, out, error = policy_test(str(tmp_path / "nowhere"))
    assert (code, out) == (2, "")
    assert error == f"compliance: {tmp_path / 'nowhere'}: there is no such folder\n"


def test_rules_that_apply_to_no_server_and_tags_that_nobody_has_are_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    field = Field(tmp_path / "var", monkeypatch)
    rules = field.config.policies or Path()
    tagged = write_rule(rules, ('"a-rule"', '"t-rule"'), (', so = ["Debian*"]', ""), name="t-rule")
    only = ('etiqueta = "entorno=produccion", so = ["Debian*"]', 'so = ["BSD*", "Debian*"]')
    nowhere = write_rule(rules, ('"a-rule"', '"s-rule"'), only, name="s-rule")
    parser = argparse.ArgumentParser()
    policy.add_arguments(parser)
    options = parser.parse_args(["test", str(rules)])

    def warned() -> list[str]:
        assert policy.run(field.config, options) == 0
        out = capsys.readouterr().out
        assert out.endswith(", no faults\n")
        return [line for line in out.splitlines() if line.startswith("warning")]

    with closing(field.database):
        for number in range(3):
            field.add(Arrival(START + SECOND, START, f"m{number}", ()))
        assert warned() == [
            f"warning  {tagged}:9: no server has the tag entorno=produccion",
            f"warning  {nowhere}:9: the rule applies to no server",
        ]
        field.tell(Telling(START, "m1", "produccion"))
        assert warned() == [f"warning  {nowhere}:9: the rule applies to no server"]
        write_rule(
            rules, ('"a-rule"', '"s-rule"'), (only[0], 'so = ["Linux", "Debian*"]'), name="s-rule"
        )
        assert warned() == []
