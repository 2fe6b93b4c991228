"""Fixtures for the tests of the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.cli import settings


@pytest.fixture(autouse=True)
def no_file_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "CONFIG", str(tmp_path / "missing.ini"))
