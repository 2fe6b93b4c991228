"""What the tests of the agent share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def spool_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test writes to the state folder of whoever runs it."""
    folder = tmp_path_factory.mktemp("state") / "spool"
    monkeypatch.setenv("COMPLIANCE_AGENT_SPOOL", str(folder))
    return folder
