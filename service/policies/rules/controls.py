"""The controls of the frameworks that rules may name. sql/policies/controles.toml lists them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache

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
    return match is not None and int(match[2]) <= _families()[framework].get(match[1], 0)


def count(framework: str) -> int:
    """How many controls a framework has, enhancements aside."""
    return sum(_families()[framework].values())


def every(framework: str) -> Iterator[str]:
    """All controls of a framework, enhancements aside, in its order."""
    joint = "-" if framework == "nist" else "."
    for family, size in _families()[framework].items():
        yield from (f"{family}{joint}{number}" for number in range(1, size + 1))


@cache
def _families() -> dict[str, dict[str, int]]:
    return tomllib.loads((SHIPPED_FOLDER / "controles.toml").read_text(encoding="utf-8"))
