"""The pages of the documentation."""

from __future__ import annotations

from tests.support.live import PROJECT


def page(name: str) -> str:
    return (PROJECT / name).read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """The text below a heading of level 2, up to the next one."""
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
