"""Returns memory to the system after a large report. For glibc; elsewhere it does nothing.

glibc keeps what is freed, in an arena for each few threads: 30 large reports would leave a process
with the memory of 30.
"""

from __future__ import annotations

import ctypes
import gc
import threading
from contextlib import suppress

_M_ARENA_MAX = -8  # mallopt(3)
_ARENAS = 2
_SECONDS = 1.0


def share_arenas() -> None:
    """Lets all threads share two arenas. Call before there are any."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)


def release_soon() -> None:
    """Gives the system back what is free in a second, when all of a report was let go."""
    timer = threading.Timer(_SECONDS, _release)
    timer.daemon = True
    timer.start()


def _release() -> None:
    gc.collect()
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)  # malloc_trim(3)
