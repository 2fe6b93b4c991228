"""A total deadline for an exchange with the API.

The timeouts of a socket count each read for itself, so an answer that arrives byte by byte, or an
endless series of `100 Continue`, never exceeds them.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_REPEAT_SECONDS = 0.1


class Deadline:
    """Shuts the connections down if the block takes longer than so many seconds.

    connections: HTTP connections with their socket in `sock`; more may be added within the block
    """

    def __init__(self, seconds: float, connections: Sequence[Any]) -> None:
        self.expired = False
        self._seconds = seconds
        self._connections = connections
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="deadline", daemon=True)

    def __enter__(self) -> Deadline:  # noqa: PYI034 — Self needs Python 3.11
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()  # so that the next exchange keeps its connection

    def _watch(self) -> None:
        end = time.monotonic() + self._seconds
        pause = self._seconds
        # Repeated, because the exchange may be between two sockets: before the TLS handshake and
        # after it.
        while not self._over.wait(pause):
            if time.monotonic() < end:
                continue
            self.expired = True
            pause = _REPEAT_SECONDS
            for connection in tuple(self._connections):
                _shut_down(connection.sock)


def _shut_down(sock: socket.socket | None) -> None:
    """End all reads and writes of a socket in other threads."""
    if sock is not None:
        with contextlib.suppress(OSError):
            # SSLSocket.shutdown() would leave TLS, and later reads would return cipher text.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)
