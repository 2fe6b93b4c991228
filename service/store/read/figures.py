"""Figures of the whole fleet, each with the moment that it is of.

No row of the whole fleet is written with each report, so such a figure is counted when it is asked
for. Where that takes long, the same figure is given for a few seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")

_COSTLY_SECONDS = 0.02  # of processor time
_KEPT_SECONDS = 15
_MAX_KEPT = 64


class Figure(NamedTuple, Generic[T]):
    """A value, and the moment that it is of, in microseconds."""

    value: T
    at: int


class _Kept:
    """A figure that takes long to compute. One thread computes it; the others wait for it."""

    def __init__(self, figure: Figure[Any]) -> None:
        self.lock = Lock()
        self.keep(figure)

    def keep(self, figure: Figure[Any]) -> None:
        self.figure = figure
        self.until = time.monotonic() + _KEPT_SECONDS


class Figures:
    """Computes figures. Threads may share it."""

    def __init__(self, seconds: Callable[[], float] = time.thread_time) -> None:
        """seconds: what tells how long a computation takes."""
        self._seconds = seconds
        self._kept: dict[Hashable, _Kept] = {}
        self._guard = Lock()  # of that mapping

    def get(self, key: Hashable, compute: Callable[[], Figure[T]]) -> Figure[T]:
        """The figure with this key: computed now, or a few seconds ago if it takes long."""
        with self._guard:
            kept = self._kept.get(key)
        if kept is None:
            figure, costly = self._computed(compute)
            if costly:
                with self._guard:
                    self._kept[key] = _Kept(figure)
                    if len(self._kept) > _MAX_KEPT:
                        del self._kept[next(iter(self._kept))]
            return figure
        with kept.lock:
            if time.monotonic() >= kept.until:
                figure, costly = self._computed(compute)
                kept.keep(figure)
                if not costly:
                    with self._guard:
                        self._kept.pop(key, None)
            return kept.figure

    def _computed(self, compute: Callable[[], Figure[T]]) -> tuple[Figure[T], bool]:
        started = self._seconds()
        figure = compute()
        # What could not be counted is not tried again at once either.
        costly = figure.value is None or self._seconds() - started > _COSTLY_SECONDS
        return figure, costly
