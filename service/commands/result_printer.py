"""Prints the result of a comparison."""

from __future__ import annotations

from service.maintenance.consistency import Outcome

_MAX_LINES = 20


def tell(outcome: Outcome) -> int:
    """Prints the outcome. Returns the exit code: 1 where anything differs."""
    for line in outcome.differences[:_MAX_LINES]:
        print(f"  {line}")
    if len(outcome.differences) > _MAX_LINES:
        print(f"  … and {len(outcome.differences) - _MAX_LINES} more")
    if outcome.archived_only:
        print(
            f"in the archive alone: {len(outcome.archived_only)}; their senders were not told"
            " that they are stored, and keep them until they are"
        )
    print(f"differences: {len(outcome.differences)} in {outcome.reports} reports")
    return 1 if outcome.differences else 0
