"""Prints how many command lines of each table the masking gets right.

    python -m tests.agent.collectors.judge_masking

It prints counts and no form: see masking_counts.py.
"""

from __future__ import annotations

from tests.agent.collectors.masking_counts import Counts, counts_per_table, total


def main() -> None:
    counts = counts_per_table()
    print(f"{'table':>20} {'forms':>6} {'hidden':>7} {'kept':>6} {'right':>6}")  # noqa: T201
    for line in [*counts, total(counts, harmless=False), total(counts, harmless=True)]:
        print(_printed(line))  # noqa: T201 — a command prints


def _printed(line: Counts) -> str:
    hidden = "" if line.harmless else line.hidden
    return (
        f"{line.table:>20} {line.forms:>6} {hidden:>7} {line.kept:>6} {line.right:>6}"
        f" {line.right / line.forms:>6.1%}"
    )


if __name__ == "__main__":
    main()
