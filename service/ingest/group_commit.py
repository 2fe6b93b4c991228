"""Group commit: one costly commit for all items that arrive during the previous one.

A commit that ends with a sync of the disk costs the same for one item as for twenty. While a group
is being committed, the items of other threads queue, and the first of them then commits them all.
No timer is involved: a single item is committed at once.
"""

from __future__ import annotations

import threading
import time
from bisect import insort
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from service.errors import StorageUnavailableError

Item = TypeVar("Item")
Result = TypeVar("Result")

_MAX_GROUP = 64  # bounds how long the first of a group waits for the last
_MAX_WEIGHT = 3000  # likewise; of a group with more than one item
_WEIGHT_A_SECOND = 1000  # that an item lets others pass


class _Entry(Generic[Item, Result]):
    __slots__ = ("done", "due", "error", "item", "leads", "result", "sleep", "weight")

    def __init__(self, item: Item, weight: int) -> None:
        self.item = item
        self.weight = weight
        self.due = time.monotonic() + weight / _WEIGHT_A_SECOND
        self.leads = False
        self.done = False
        self.result: Result | None = None
        self.error: Exception | None = None
        # Its thread sleeps on this until the entry is done, or is to lead a group.
        self.sleep = threading.Lock()
        self.sleep.acquire()


def _due(entry: _Entry[Item, Result]) -> float:
    return entry.due


class GroupCommit(Generic[Item, Result]):
    """Calls commit(items) -> results for groups of submitted items, one group at a time.

    weigh tells how costly an item is. Groups are light, and light items come before heavier ones
    that arrived a little earlier, which still come before long.

    commit must be all or nothing. When it fails for a group, each item is tried alone, so that
    one item that cannot be committed takes no other with it. StorageUnavailableError belongs to no
    item: it is raised for all at once, since 64 attempts at a locked database would each wait.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Item]], Sequence[Result]],
        weigh: Callable[[Item], int] = lambda _: 0,
    ) -> None:
        self._commit = commit
        self._weigh = weigh
        self._guard = threading.Lock()
        self._waiting: list[_Entry[Item, Result]] = []  # in the order in which they are due
        self._led = False  # a thread commits, or is woken to; it wakes the next

    def submit(self, item: Item) -> Result:
        """Returns what commit() returned for this item, or raises its error, once committed."""
        entry: _Entry[Item, Result] = _Entry(item, self._weigh(item))
        with self._guard:
            insort(self._waiting, entry, key=_due)
            entry.leads = not self._led
            self._led = True
        if not entry.leads:
            entry.sleep.acquire()
        if entry.leads:
            self._lead(entry)
        if entry.error is not None:
            raise entry.error
        return entry.result  # type: ignore[return-value]  # done without an error: it is set

    def _lead(self, leader: _Entry[Item, Result]) -> None:
        """Commits a group with the leader, and hands the lead over.

        Threads take turns in the order of arrival, and one whose item is done returns at once.
        (With one lock, the thread that has just finished gets it again, and groups stay small.)
        """
        with self._guard:
            group = self._taken(leader)
        try:
            self._run(group)
        finally:
            followers = [entry for entry in group if entry is not leader]
            with self._guard:
                # After an interruption of this thread, the items of the others wait again.
                for one in followers:
                    if not one.done:
                        insort(self._waiting, one, key=_due)
                self._led = bool(self._waiting)
                if self._led:
                    self._waiting[0].leads = True
                    self._waiting[0].sleep.release()
            for entry in followers:
                if entry.done:
                    entry.sleep.release()

    def _taken(self, leader: _Entry[Item, Result]) -> list[_Entry[Item, Result]]:
        """Takes the leader and those that are due next, as long as the group stays light."""
        self._waiting.remove(leader)
        weight, size = leader.weight, 0
        for entry in self._waiting[: _MAX_GROUP - 1]:
            weight += entry.weight
            if weight > _MAX_WEIGHT:
                break
            size += 1
        group = [leader, *self._waiting[:size]]
        del self._waiting[:size]
        return group

    def _run(self, group: list[_Entry[Item, Result]]) -> None:
        try:
            results = self._commit([entry.item for entry in group])
        except StorageUnavailableError as error:
            for entry in group:
                # Each thread raises an error of its own: a traceback is not for sharing.
                entry.error = StorageUnavailableError(*error.args)
                entry.error.__cause__ = error
                entry.done = True
            return
        except Exception as error:  # noqa: BLE001 — raised in the threads of these items
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
