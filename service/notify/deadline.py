"""A total deadline for one try: the timeouts of a socket count each read for itself."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Self

_REPEAT_SECONDS = 0.1


class Deadline:
    """Ends all reads and writes of some sockets if the block takes longer than so many seconds.

    sockets: those of the try, as they are when it is over; null where there is none yet.
    """

    def __init__(
        self, seconds: float, sockets: Callable[[], Iterable[socket.socket | None]]
    ) -> None:
        self.is_over = False
        self._seconds, self._sockets = seconds, sockets
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="deadline", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        pause = self._seconds
        while not self._done.wait(pause):
            self.is_over, pause = True, _REPEAT_SECONDS  # again: it may be between two sockets
            for each in tuple(self._sockets()):
                if each is not None:
                    with suppress(OSError):  # SSLSocket.shutdown() would leave TLS
                        socket.socket.shutdown(each, socket.SHUT_RDWR)
