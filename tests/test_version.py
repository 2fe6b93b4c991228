"""One version: the newest release of the changelog."""

from __future__ import annotations

import json
import re
from pathlib import Path

import agent
from tests.support.commands import run
from tests.support.live import PROJECT

CHANGELOG = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
HEADINGS = re.findall(r"^## (.*)$", CHANGELOG, re.MULTILINE)
RELEASES = [re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d", line) for line in HEADINGS[1:]]


def test_the_changelog_lists_unreleased_changes_and_then_dated_releases() -> None:
    assert HEADINGS[0] == "[Unreleased]"
    assert RELEASES
    assert None not in RELEASES


def test_service_and_agent_have_the_version_of_the_newest_release(tmp_path: Path) -> None:
    newest = RELEASES[0]
    assert newest is not None
    openapi = json.loads((PROJECT / "schemas" / "openapi.json").read_bytes())
    assert openapi["info"]["version"] == newest[1]
    assert agent.__version__ == newest[1]
    assert run("--version", tmp_path).stdout == f"compliance {newest[1]}\n"
