"""Who changes the text of a shipped rule gives it a new version."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.policies import landed_texts
from tests.policies.landed_texts import faults, shipped_texts


def test_every_shipped_text_has_a_version_of_its_own() -> None:
    assert faults() == []


@pytest.fixture
def landed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A list with the present texts."""
    file = tmp_path / "landed.txt"
    monkeypatch.setattr(landed_texts, "FILE", file)
    texts = shipped_texts().items()
    file.write_text("".join(f"{rule} {version} {was}\n" for (rule, version), was in texts))
    return file


def test_another_text_under_a_version_that_landed_is_a_fault(landed: Path) -> None:
    rule, version = "minero", max(v for r, v in shipped_texts() if r == "minero")
    text = landed.read_text()
    line = next(each for each in text.splitlines() if each.startswith("minero "))
    landed.write_text(text.replace(line, f"{rule} {version} {'0' * 64}"))
    (fault,) = faults()
    assert fault.startswith(f"minero: the text of version {version} has landed")
    assert f"version = {version + 1}" in fault
    landed.write_text(text.replace(f"{line}\n", ""))
    (fault,) = faults()
    assert "python -m tests.policies.landed_texts" in fault
    landed.write_text(text + f"minero {version + 1} {'0' * 64}\n")
    assert faults() == []  # an older one that landed with this text
    landed.write_text(text.replace(line, f"{rule} {version + 1} {'0' * 64}"))
    (fault,) = faults()
    assert fault == f"minero: version {version} is below {version + 1}, which has landed"
