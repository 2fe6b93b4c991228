"""What `evaluate --once` exits with where it cannot judge: never as if something severe failed."""

from __future__ import annotations

import argparse
import json
import os
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from service import times
from service.commands import evaluate
from service.config import Config
from service.file_lock import hold_lock
from service.maintenance.startup import prepare_data_folder
from service.policies.evaluator.evaluator import Evaluator
from service.policies.evaluator.outcome import BROKEN, INCOMPLETE
from service.policies.rules.places import SHIPPED_FOLDER
from service.report import Profile, Report
from service.store.engines import open_database
from service.store.queries import load_queries
from service.store.write.reports import ReportStore
from tests.support.documentation import page, section

USAGE = 2
DEBIAN = Profile("10.0.0.1", "x86_64", "Intel", "Debian GNU/Linux", "12", 2, "web", "6.1", "0.1")
(OSCAL,) = re.findall(
    r"^python -m service evaluate --once (--oscal .*)$",
    section(page("sql/policies/README.md"), "By itself"),
    re.MULTILINE,
)
INIT = (1, "systemd", "root", 0)


def once(data: Path, *arguments: str) -> int:
    parser = argparse.ArgumentParser()
    evaluate.add_arguments(parser)
    return evaluate.run(Config(data=data), parser.parse_args(["--once", *arguments]))


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder, of which another evaluator has the lock, and judges nothing."""
    monkeypatch.setattr(evaluate, "_WAIT_SECONDS", 0.1)
    with closing(open_database(tmp_path / "compliance.db")) as database:
        database.migrate()
    held = hold_lock(tmp_path / "evaluator.lock")
    assert held is not None
    yield tmp_path
    os.close(held)


def test_without_a_database_nothing_can_be_judged(tmp_path: Path) -> None:
    assert once(tmp_path) == BROKEN


def test_verdicts_that_cannot_be_written_are_no_violation(data: Path) -> None:
    assert once(data, "--csv", str(data / "nowhere" / "verdicts.csv")) == BROKEN


def test_an_evaluator_that_does_not_catch_up_is_behind(data: Path) -> None:
    assert once(data) == INCOMPLETE


def test_oscal_asks_for_the_system_security_plan(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = data / "verdicts.json"
    assert once(data, "--oscal", str(file)) == USAGE
    assert "--oscal-ssp: expected where the system security plan" in capsys.readouterr().err
    assert not file.exists()


def judge_at_once(config: Config) -> bool:
    """As the command does, but it does not wait for files that have just changed."""
    with Evaluator(config) as evaluator:
        evaluator.begin(look_seconds=0)
        while evaluator.work():
            pass
    return True


def test_oscal_changes_no_exit_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "_bring_up_to_date", judge_at_once)
    config = Config(data=tmp_path)
    prepare_data_folder(config)
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "verdicts.json"
    oscal = (*OSCAL.split(), "--minimo", "0")
    assert once(tmp_path, *oscal) == INCOMPLETE  # without servers
    assert outcomes(file) == {("not-satisfied", "other")}
    with closing(open_database(config.database)) as database:
        store = ReportStore(database, load_queries())
        for machine in ("m1", "m2"):
            now = times.now()
            store.add(Report(now, DEBIAN, [INIT], [], machine.encode(), [], machine), now)
    assert once(tmp_path, *oscal) == once(tmp_path, "--minimo", "0") != BROKEN
    assert ("satisfied", "pass") in outcomes(file)
    found = results(file)["findings"]
    assert len(found) == len(list(SHIPPED_FOLDER.glob("*.sql")))
    for finding in found:
        counts = {each["name"]: int(each["value"]) for each in finding["props"]}
        assert sum(counts.values()) - counts["fail-waived"] == 2
        # Rules about the fleet are judged at the next tick, which the command waits for.
        assert not counts["not-judged"] or not counts["pass"]


def results(file: Path) -> dict[str, Any]:
    (found,) = json.loads(file.read_bytes())["assessment-results"]["results"]
    return dict(found)


def outcomes(file: Path) -> set[tuple[str, str]]:
    statuses = [finding["target"]["status"] for finding in results(file)["findings"]]
    return {(status["state"], status["reason"]) for status in statuses}
