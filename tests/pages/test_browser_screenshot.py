"""The screenshot of the README."""

from __future__ import annotations

import struct
from pathlib import Path

from tests.pages.browser import Visitor
from tests.pages.fleet import Fleet
from tests.pages.screenshot import FILE, MAX_BYTES, PROFILE, take


def width_of(path: Path) -> int:
    """In pixels, from the header of a PNG (RFC 2083, sections 3.1 and 4.1.1)."""
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    (width,) = struct.unpack(">I", content[16:20])
    return int(width)


def test_readme_screenshot_has_the_expected_size() -> None:
    assert width_of(FILE) == PROFILE.width
    assert FILE.stat().st_size < MAX_BYTES


def test_readme_screenshot_can_be_retaken(visitor: Visitor, fleet: Fleet, tmp_path: Path) -> None:
    assert fleet.servers
    tab = visitor.tab(PROFILE)
    take(tab, tmp_path / "fleet.png")
    tab.check()
    assert width_of(tmp_path / "fleet.png") == PROFILE.width
    assert (tmp_path / "fleet.png").stat().st_size < MAX_BYTES
