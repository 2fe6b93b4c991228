"""`python -m service policy plan` says what changes if a folder takes the place of the present."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service import times
from service.commands import policy, policy_plan
from service.config import Config
from service.times import HOUR, MINUTE, SECOND
from tests.policies.rule_texts import write_rule
from tests.support.judged_field import EVERYWHERE, START, Arrival, Field

AT_ONCE = ('confirmar_tras = "2 informes", resolver_tras = "30m", gracia_nuevos = "24h"', "")


@pytest.fixture(scope="module")
def present(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    """web-1 runs a program named worse, and m1 failed for a while by a-rule."""
    with pytest.MonkeyPatch.context() as patch:
        made = Field(tmp_path_factory.mktemp("plan"), patch)
        write_rule(made.config.policies or Path(), EVERYWHERE, AT_ONCE)
        for minute in range(5, 60, 5):
            at = START + minute * MINUTE
            made.add(Arrival(at + SECOND, at, "m0", ("worse",)))
            made.add(Arrival(at + SECOND, at, "m1", ("bad",) if minute == 30 else ()))
    with closing(made.database):
        yield made


@pytest.fixture
def proposed(present: Field, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the present folder, to change; one hour after the first report."""
    monkeypatch.setattr(times, "now", lambda: START + HOUR)
    assert present.config.policies is not None
    shutil.copytree(present.config.policies, tmp_path / "proposed")
    return tmp_path / "proposed"


def planned(present: Field, folder: Path, *options: str) -> int:
    parser = argparse.ArgumentParser()
    policy.add_arguments(parser)
    return policy.run(present.config, parser.parse_args(["plan", str(folder), *options]))


def test_a_folder_that_is_the_same_changes_nothing(
    present: Field, proposed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert planned(present, proposed, "--codigo") == 0
    assert capsys.readouterr().out == ("Rules: no change, 4 unchanged\n\nNo verdict changes.\n")


def test_a_database_that_cannot_be_read_is_no_change_of_verdicts(
    proposed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = argparse.Namespace(folder=proposed, dias=30, markdown=False, codigo=True)
    config = Config(data=tmp_path / "nothing")
    assert policy_plan.run_plan(config, options) == 4
    assert capsys.readouterr().err.startswith("compliance: ")


def test_another_text_names_servers_that_begin_to_fail(
    present: Field, proposed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = proposed / "a-rule.sql"
    path.write_text(path.read_text(encoding="utf-8").replace("bad", "worse"), encoding="utf-8")
    assert planned(present, proposed) == 0
    out = capsys.readouterr().out
    assert out.startswith("Rules: 1 another text, 3 unchanged\n")
    row = next(line for line in out.splitlines() if line.startswith("a-rule "))
    assert row.split("  ")[1:] != []
    assert [cell.strip() for cell in row.split("  ") if cell] == [
        "a-rule", "another text", "2 → 1", "0 → 1", "0", "0", "1", "0.03", "0.0 %",
    ]  # fmt: skip
    assert "a-rule begins to fail on web-1 (1)\n" in out
    assert planned(present, proposed, "--codigo") == 1


def test_new_and_gone_rules_and_other_words_read_well_in_a_pull_request(
    present: Field, proposed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (proposed / "d-rule.sql").unlink()
    write_rule(proposed, ('"a-rule"', '"n-rule"'), EVERYWHERE, name="n-rule")
    path = proposed / "a-rule.sql"
    text = path.read_text(encoding="utf-8").replace('titulo="t"', 'titulo="other"')
    path.write_text(text, encoding="utf-8")
    assert planned(present, proposed, "--markdown", "--dias", "2") == 0
    assert (
        capsys.readouterr().out
        == """\
### Rules: 1 new, 1 gone, 1 other words, 2 unchanged

Verdicts now, and the last 2 days by what servers reported (2 servers); before → after.

| rule | change | pass | fail | unknown | do not apply | violations | alerts a day | unknown time |
|---|---|---|---|---|---|---|---|---|
| `a-rule` | other words | 2 | 0 | 0 | 0 | 1 | 0.50 | 0.0 % |
| `d-rule` | gone | 2 → — | 0 → — | 0 → — | 0 → — | 1 → — | 0.00 → — | 0.0 % → — |
| `n-rule` | new | — → 2 | — → 0 | — → 0 | — → 0 | — → 1 | — → 0.00 | — → 0.0 % |

- Verdicts change.
"""
    )


def test_a_folder_with_a_fault_is_refused(
    present: Field, proposed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_rule(proposed, ('name = "bad" }', 'name = "good" }'))
    assert planned(present, proposed) == 3
    assert f"refused  {path}:15: prueba 1" in capsys.readouterr().out
    assert planned(present, proposed / "nowhere") == 2
