"""Prints the result of a comparison."""

from __future__ import annotations

from service.maintenance.consistency import Comparison

_MAX_LINES = 20
_SHOWN_KEYS = 3


def tell(comparison: Comparison) -> int:
    """Prints the comparison. Returns the exit code: 1 where anything differs."""
    for line in comparison.differences[:_MAX_LINES]:
        print(f"  {line}")
    if len(comparison.differences) > _MAX_LINES:
        print(f"  … and {len(comparison.differences) - _MAX_LINES} more")
    if comparison.archived_only:
        keys = [str(key) for key, _ in comparison.archived_only[:_SHOWN_KEYS]]
        print(
            f"in the archive alone: {len(comparison.archived_only)} ({', '.join(keys)}"
            f"{', …' if len(comparison.archived_only) > _SHOWN_KEYS else ''})"
        )
    print(f"differences: {len(comparison.differences)} in {comparison.reports} reports")
    return 1 if comparison.differences else 0
