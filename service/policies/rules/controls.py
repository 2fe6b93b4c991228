"""The controls of the frameworks that rules may name. sql/policies/controles.toml lists them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from service.policies.rules.places import SHIPPED_FOLDER

FRAMEWORKS = ("ens", "iso27001", "nist", "cis")

# A family, a number, and for NIST the number of an enhancement.
_CONTROL = {
    "ens": re.compile(r"([a-z.]+)\.([1-9][0-9]?)"),
    "iso27001": re.compile(r"(A\.[5-8])\.([1-9][0-9]?)"),
    "nist": re.compile(r"([A-Z]{2})-([1-9][0-9]?)(?:\([1-9][0-9]?\))?"),
    "cis": re.compile(r"([1-9][0-9]?)\.([1-9][0-9]?)"),
}


def is_control(framework: str, control: str) -> bool:
    match = _CONTROL[framework].fullmatch(control)
    if match is None or control.partition("(")[0] in _withdrawn(framework):
        return False
    size: int = _listed()[framework].get(match[1], 0)
    return int(match[2]) <= size


def every(framework: str) -> Iterator[str]:
    """All controls of a framework, enhancements aside, in its order."""
    joint = "-" if framework == "nist" else "."
    for family, size in _listed()[framework].items():
        names = (f"{family}{joint}{number}" for number in range(1, size + 1))
        yield from (name for name in names if name not in _withdrawn(framework))


def _withdrawn(framework: str) -> Sequence[str]:
    names: Sequence[str] = _listed()["withdrawn"].get(framework, ())
    return names


@cache
def _listed() -> dict[str, dict[str, Any]]:
    """By framework, how many controls each family has; and which are withdrawn."""
    return tomllib.loads((SHIPPED_FOLDER / "controles.toml").read_text(encoding="utf-8"))
