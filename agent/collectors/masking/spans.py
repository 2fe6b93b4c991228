"""Parts of a text that are to be masked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Tuple

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = "***"
# Start and end of a secret in its text, in characters.
Span = Tuple[int, int]


def replaced(text: str, spans: Iterable[Span]) -> str:
    """The text with *** for every span; spans that overlap or touch are one."""
    out = []
    shown = 0
    end = -1
    for start, stop in sorted(spans):
        if stop <= start:
            continue
        if start > end:
            out.append(text[shown:start])
            out.append(MASK)
        end = max(end, stop)
        shown = end
    return "".join([*out, text[shown:]])


def moved(spans: Iterable[Span], distance: int) -> list[Span]:
    return [(start + distance, end + distance) for start, end in spans]
