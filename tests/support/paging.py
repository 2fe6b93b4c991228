"""Lists that come in pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def all_pages(ask: Callable[[int, int], Any], member: str, limit: int) -> list[Any]:
    """All that the pages hold, one after the other; each but the last is full, none is empty.

    ask: gives the page from a key on (0 for the first), of so many rows at most.
    """
    page = ask(0, limit)
    shown = list(getattr(page, member))
    while page.after is not None:
        assert len(getattr(page, member)) == limit
        page = ask(page.after, limit)
        assert getattr(page, member)
        shown += getattr(page, member)
    return shown


def all_parts(ask: Callable[[int], Any], member: str) -> list[Any]:
    """All that the pages hold, where a page may end before it is full. None turns back.

    ask: gives the page from a key on (0 for the first).
    """
    shown: list[Any] = []
    after: int | None = 0
    while after is not None:
        page = ask(after)
        shown += getattr(page, member)
        assert page.after is None or page.after > after
        after = page.after
    return shown
