"""Throttles clients that send invalid tokens. A client with a valid token never waits."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import ip_network

from service.errors import TooManyAttemptsError

_FREE_ATTEMPTS = 5  # invalid tokens of a client in a minute that are answered at once
_MINUTE_SECONDS = 60.0
_DELAY_SECONDS = 1.0
_MAX_WAITING = 4  # threads that may wait at a time; all others keep serving
_MAX_CLIENTS = 10_000


class AuthThrottle:
    """Counts the invalid tokens of each client address in this process."""

    def __init__(
        self,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._now = now
        self._sleep = sleep
        self._guard = threading.Lock()
        self._waiting = threading.BoundedSemaphore(_MAX_WAITING)
        self._failures: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def failed(self, client_ip: str) -> None:
        """Counts an invalid token, and returns when the answer may be sent.

        Raises TooManyAttemptsError at once where too many clients wait already.
        """
        if self._count(client_ip) <= _FREE_ATTEMPTS:
            return
        if not self._waiting.acquire(blocking=False):
            raise TooManyAttemptsError("too many invalid tokens from this address; try again later")
        try:
            self._sleep(_DELAY_SECONDS)
        finally:
            self._waiting.release()

    def _count(self, client_ip: str) -> int:
        subscriber = subscriber_of(client_ip)
        with self._guard:
            since, count = self._failures.pop(subscriber, (self._now(), 0))
            if self._now() - since > _MINUTE_SECONDS:
                since, count = self._now(), 0
            self._failures[subscriber] = since, count + 1
            if len(self._failures) > _MAX_CLIENTS:
                self._failures.popitem(last=False)
            return count + 1


def subscriber_of(client_ip: str) -> str:
    """The subscriber of an address: in IPv6 each has a whole /64 (RFC 6177)."""
    return str(ip_network(f"{client_ip}/64", strict=False)) if ":" in client_ip else client_ip
