"""Fixtures for the tests of native code."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.agent.native.place import Place


@pytest.fixture
def place(open_folder: Path, pyz: Path, everyones_python: str) -> Place:
    return Place(open_folder, pyz, everyones_python)
