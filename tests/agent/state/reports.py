"""Small reports for the tests of the spool."""

from __future__ import annotations

import json
from typing import Any

from agent.state.spool import Spool


def report(number: int, size: int = 0) -> Any:
    """A document with a number; the spool does not look at the members."""
    return {"number": number, "fill": "x" * size}


def numbers(spool: Spool) -> list[int]:
    return [json.loads(spool.read(name))["number"] for name in spool.names()]
