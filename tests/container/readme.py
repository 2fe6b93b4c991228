"""The commands that the READMEs show, as their readers copy them."""

from __future__ import annotations

import re
import textwrap

from tests.support.live import PROJECT

_FENCED = re.compile(r"^( *)```sh\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?<=\n\n)(?: {4}.*\n|\n(?= {4}))+", re.MULTILINE)


def section(page: str, heading: str) -> str:
    """The text below a heading of the second level, up to the next one."""
    text = (PROJECT / page).read_text(encoding="utf-8")
    _, found, after = text.partition(f"\n## {heading}\n")
    assert found, f"{page} has no section {heading!r}"
    return after.partition("\n## ")[0]


def blocks(page: str, heading: str) -> list[str]:
    """The blocks of commands in a section, fenced or indented by four, without their margin."""
    text = section(page, heading)
    fenced = [found[2] for found in _FENCED.finditer(text)]
    return [textwrap.dedent(block) for block in fenced or _INDENTED.findall(text)]


def block(page: str, heading: str, containing: str) -> str:
    """The only block of a section that has these words."""
    found = [text for text in blocks(page, heading) if containing in text]
    assert len(found) == 1, f"{page}, {heading!r}: {len(found)} blocks have {containing!r}"
    return found[0]


def packages(page: str, heading: str) -> list[str]:
    """What the blocks of a section install with apt, by name."""
    lines = re.findall(r"^apt install (.+)$", "\n".join(blocks(page, heading)), re.MULTILINE)
    return sorted({name for line in lines for name in line.split()})
