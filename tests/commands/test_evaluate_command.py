"""What `evaluate --once` exits with where it cannot judge: never as if something severe failed."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service.commands import evaluate
from service.config import Config
from service.file_lock import hold_lock
from service.policies.evaluator.outcome import BROKEN, INCOMPLETE
from service.store.engines import open_database


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
