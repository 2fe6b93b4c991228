"""The limits of the statements of rules."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one statement: seconds of processor, and rows, on one server and on the fleet.

    fleet_rows_each: rows of one server.
    """

    seconds: float = 0.5
    rows: int = 10_000
    fleet_seconds: float = 10.0
    fleet_rows: int = 100_000
    fleet_rows_each: int = 1_000
