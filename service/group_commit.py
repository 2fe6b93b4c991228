"""Shares one costly commit among all who wait for one.

A commit that ends on a sync of the disk costs the same for one item as for twenty. While one
group is being committed the items of other threads gather, and the next thread in turn commits
them all. Nobody waits for a timer: alone, an item is committed at once.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_LARGEST_GROUP = 64  # bounds how long the first of a group waits for the last


class _Entry(Generic[Item, Result]):
    __slots__ = ("done", "error", "item", "result")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.done = False
        self.result: Result | None = None
        self.error: Exception | None = None


class GroupCommit(Generic[Item, Result]):
    """Calls commit(items) -> results for groups of submitted items, one group at a time.

    commit must be all or nothing. When it fails for a group, each item is tried alone, so that
    one item that cannot be committed takes no other with it.
    """

    def __init__(self, commit: Callable[[Sequence[Item]], Sequence[Result]]) -> None:
        self._commit = commit
        self._waiting: deque[_Entry[Item, Result]] = deque()
        self._turn = threading.Lock()

    def submit(self, item: Item) -> Result:
        """What commit returned for the item, or its error raised here; returns when committed."""
        entry: _Entry[Item, Result] = _Entry(item)
        self._waiting.append(entry)
        with self._turn:
            # Every earlier entry is done or still waiting, so a few groups at most come first.
            while not entry.done:
                self._run(self._next_group())
        if entry.error is not None:
            raise entry.error
        return entry.result  # type: ignore[return-value]  # done without an error: it is set

    def _next_group(self) -> list[_Entry[Item, Result]]:
        size = min(len(self._waiting), _LARGEST_GROUP)
        return [self._waiting.popleft() for _ in range(size)]

    def _run(self, group: list[_Entry[Item, Result]]) -> None:
        try:
            results = self._commit([entry.item for entry in group])
        except Exception as error:  # noqa: BLE001 — handed to the threads whose items these are
            if len(group) > 1:
                for entry in group:
                    self._run([entry])
                return
            group[0].error = error
            group[0].done = True
            return
        for entry, result in zip(group, results, strict=True):
            entry.result = result
            entry.done = True
