"""Whether an operating system is still supported: for rules and pages alike.

A system is supported by its makers until a day, then perhaps by others for everybody (Debian LTS),
then perhaps for those with a contract (Ubuntu Pro, ELTS, ELS, LTSS). Days are those of UTC, and the
last one counts.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple


class Support(StrEnum):
    VIGENTE = "vigente"
    AMPLIADO = "ampliado"
    TERMINADO = "terminado"


# Two more states of a server: a rolling release, and a system that is not in the tables.
CONTINUOUS, UNKNOWN = "continuo", "desconocido"
SUPPORT_STATES = (*Support, CONTINUOUS, UNKNOWN)


class Life(NamedTuple):
    """The ends of a version of a system; days as 2026-06-30.

    system: `nombre_so`. version: `version_so`; `9.*` is 9, and 9 with anything behind a point.
    contracts: `elts=2033-06-30`, several with blanks between them.
    """

    system: str
    version: str
    end: str | None
    extended: str | None
    contracts: str | None
    source: str | None


_CONTRACT = re.compile(r"([a-z0-9]+(?:-[a-z0-9]+)*)=(\d{4}-\d\d-\d\d)")
_WORDS = re.compile(r"[\s,;]+")


def coverage(pattern: str, version: str) -> int:
    """How closely the version of a Life speaks of a version: 0, not at all; the highest counts."""
    if pattern == version:
        return len(pattern) + 1  # above 9.1.* for 9.1
    stem = pattern.removesuffix(".*")
    is_covered = stem != pattern and (version == stem or version.startswith(f"{stem}."))
    return len(stem) if is_covered else 0


def support_on(
    day: str, end: str | None, extended: str | None, contracts: str | None, held: str | None
) -> Support | None:
    """What holds on a day; null where nothing is known. held: the contracts that somebody has."""
    if end is None:
        return None
    if day <= end:
        return Support.VIGENTE
    if extended is not None and day <= extended:
        return Support.AMPLIADO
    ends = read_contracts(contracts or "")
    if any(day <= ends.get(name, "") for name in _WORDS.split(held or "")):
        return Support.AMPLIADO
    return Support.TERMINADO


def read_contracts(text: str) -> dict[str, str]:
    """The end of each contract. Raises ValueError."""
    found: dict[str, str] = {}
    for word in text.split():
        match = _CONTRACT.fullmatch(word)
        if match is None:
            raise ValueError(f"expected contracts such as elts=2033-06-30, got {word[:80]!r}")
        found[match[1]] = match[2]
    return found
