"""The picture of the README: it is there, small enough, and can be taken again."""

from __future__ import annotations

import struct
from pathlib import Path

from tests.pages.browser import Visitor
from tests.pages.fleet import Fleet
from tests.pages.screenshot import FILE, LOOK, MAX_BYTES, take


def width_of(path: Path) -> int:
    """In pixels, from the header of a PNG (RFC 2083, sections 3.1 and 4.1.1)."""
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    (width,) = struct.unpack(">I", content[16:20])
    return int(width)


def test_the_picture_of_the_readme_is_small_enough() -> None:
    assert width_of(FILE) == LOOK.width
    assert FILE.stat().st_size < MAX_BYTES


def test_the_picture_of_the_readme_can_be_taken_again(
    visitor: Visitor, fleet: Fleet, tmp_path: Path
) -> None:
    assert fleet.servers
    tab = visitor.tab(LOOK)
    take(tab, tmp_path / "fleet.png")
    tab.check()
    assert width_of(tmp_path / "fleet.png") == LOOK.width
    assert (tmp_path / "fleet.png").stat().st_size < MAX_BYTES
