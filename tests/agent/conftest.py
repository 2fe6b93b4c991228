"""What the tests of the agent share."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent import one_file


@pytest.fixture(autouse=True)
def spool_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test writes to the state folder of whoever runs it."""
    folder = tmp_path_factory.mktemp("state") / "spool"
    monkeypatch.setenv("COMPLIANCE_AGENT_SPOOL", str(folder))
    return folder


@pytest.fixture(scope="session")
def pyz() -> Iterator[Path]:
    """compliance-agent.pyz, built once, where every user can read it."""
    folder = Path(tempfile.mkdtemp(prefix="pyz-"))
    try:
        folder.chmod(0o755)
        file = folder / "compliance-agent.pyz"
        one_file.build(file)
        yield file
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def everyones_python() -> str:
    """A Python that every user may run, with nothing installed: that of the system."""
    python = "/usr/bin/python3"
    code = "import sys; sys.exit(sys.version_info < (3, 9))"
    if not Path(python).exists() or one_file.run(python, "-c", code).returncode != 0:
        return sys.executable
    return python


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """An empty folder that other users can reach."""
    folder = Path(tempfile.mkdtemp(prefix="open-"))
    try:
        folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder)
