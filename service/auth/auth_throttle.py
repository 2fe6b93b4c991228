"""Slows those down who try tokens; those who have one never wait."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import ip_network

from service.errors import TooManyAttemptsError

_FREE = 5  # wrong tokens of a source a minute that cost it nothing
_MINUTE = 60.0  # seconds
_DELAY = 1.0
MAX_WAITING = 4  # threads that may wait at a time; all the others serve
MAX_SOURCES = 10_000


class Brake:
    """Counts the wrong tokens of each source (an address) in this process."""

    def __init__(
        self,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._now = now
        self._sleep = sleep
        self._guard = threading.Lock()
        self._waiting = threading.BoundedSemaphore(MAX_WAITING)
        self._failures: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def failed(self, source: str) -> None:
        """A wrong token came from there. Returns when the answer may be sent.

        Raises TooManyAttemptsError at once where too many are waiting already.
        """
        if self._count(source) <= _FREE:
            return
        if not self._waiting.acquire(blocking=False):
            raise TooManyAttemptsError("too many wrong tokens came from there, try again later")
        try:
            self._sleep(_DELAY)
        finally:
            self._waiting.release()

    def _count(self, source: str) -> int:
        source = _subscriber(source)
        with self._guard:
            since, count = self._failures.pop(source, (self._now(), 0))
            if self._now() - since > _MINUTE:
                since, count = self._now(), 0
            self._failures[source] = since, count + 1
            if len(self._failures) > MAX_SOURCES:
                self._failures.popitem(last=False)
            return count + 1


def _subscriber(source: str) -> str:
    """Who has this address: with IPv6, whoever has one has all 2^64 of its network (RFC 6177)."""
    return str(ip_network(f"{source}/64", strict=False)) if ":" in source else source
