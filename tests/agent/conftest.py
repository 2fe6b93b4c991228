"""Fixtures for the tests of the agent."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.agent import one_file
from tests.agent.documents import SCHEMA


@pytest.fixture(autouse=True)
def spool_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary spool, so that no test writes to a real state folder."""
    folder = tmp_path_factory.mktemp("state") / "spool"
    monkeypatch.setenv("COMPLIANCE_AGENT_SPOOL", str(folder))
    return folder


@pytest.fixture(scope="session")
def loginctl_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a loginctl that names nobody."""
    folder = tmp_path_factory.mktemp("loginctl")
    (folder / "loginctl").write_text("#!/bin/sh\n", "ascii")
    (folder / "loginctl").chmod(0o755)
    return folder


@pytest.fixture(autouse=True)
def logins_are_known(loginctl_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many containers know no logins. There the agent would log a warning in each test."""
    monkeypatch.setenv("PATH", str(loginctl_folder), prepend=os.pathsep)


@pytest.fixture(scope="session")
def pyz() -> Iterator[Path]:
    """compliance-agent.pyz, built once and readable by every user."""
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
    """A Python that every user can run: that of the system."""
    python = "/usr/bin/python3"
    code = "import sys; sys.exit(sys.version_info < (3, 9))"
    if not Path(python).exists() or one_file.run(python, "-c", code).returncode != 0:
        return sys.executable
    return python


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """An empty folder that other users can enter."""
    folder = Path(tempfile.mkdtemp(prefix="open-"))
    try:
        folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def validator() -> Draft202012Validator:
    """The schema of version 1."""
    return Draft202012Validator(
        json.loads(SCHEMA.read_text("utf-8")), format_checker=Draft202012Validator.FORMAT_CHECKER
    )
