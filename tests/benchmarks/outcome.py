"""How benchmarks show progress and results."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence

Cell = str | int | float


class Progress:
    """A line on stderr that tells how far a step is; silent where nobody looks."""

    def __init__(self, step: str) -> None:
        self._step = step
        self._shown_at = 0.0

    def show(self, done: float, total: float, note: str = "") -> None:
        """done of total, in whatever unit."""
        now = time.monotonic()
        if now - self._shown_at < 0.2 and done < total:
            return
        self._shown_at = now
        if sys.stderr.isatty():
            filled = round(30 * min(1.0, done / total))
            bar = "#" * filled + "." * (30 - filled)
            sys.stderr.write(f"\r{self._step} [{bar}] {100 * done / total:3.0f} % {note}\033[K")
            if done >= total:
                sys.stderr.write("\n")
            sys.stderr.flush()


def show(title: str, rows: Sequence[Mapping[str, Cell]], facts: Mapping[str, Cell]) -> None:
    """The result as a table, then as one line of JSON."""
    columns = list(rows[0])
    texts = [columns, *([_text(row[column]) for column in columns] for row in rows)]
    widths = [max(len(line[at]) for line in texts) for at in range(len(columns))]
    print(f"\n{title}")
    for line in texts:
        print("  " + "  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True)))
    for name, value in facts.items():
        print(f"  {name}: {_text(value)}")
    print(json.dumps({"benchmark": title, "rows": rows, **facts}))


def _text(value: Cell) -> str:
    return (
        f"{value:.3g}"
        if isinstance(value, float) and value < 100
        else (f"{value:.0f}" if isinstance(value, float) else str(value))
    )
