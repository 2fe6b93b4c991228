"""Renames, deletes and opens files that other programs hold for a moment.

On Windows a virus scanner or an indexer opens new files without sharing them, usually for some
tenths of a second. Until then the file can be neither renamed, deleted nor opened.
"""

# ruff: noqa: PTH105, PTH108
from __future__ import annotations

import errno
import os
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE_SECONDS = 2.0
_POLL_SECONDS = 0.02
# ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION
_HELD = frozenset({5, 32, 33})
_T = TypeVar("_T")


def replace(source: str, target: str) -> None:
    """As os.replace(), repeated for 2 s while a file is held. Raises OSError."""
    _repeat(lambda: os.replace(source, target))


def unlink(path: str) -> None:
    """As os.unlink(), repeated for 2 s while the file is held. Raises OSError."""
    _repeat(lambda: os.unlink(path))


def open_descriptor(path: str, flags: int) -> int:
    """As os.open(), repeated for 2 s while the file is held; a new file is private.

    Raises OSError.
    """
    return _repeat(lambda: os.open(path, flags | getattr(os, "O_BINARY", 0), 0o600))


def unlink_if_free(path: str) -> None:
    """Delete a file that does not matter: one that is missing or held stays as it is."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        if not is_held(error):
            raise


def is_held(error: OSError) -> bool:
    """Whether an error says that another program holds the file.

    os.open() reports this as EACCES, without the error number of Windows.
    """
    number = getattr(error, "winerror", None)
    return number in _HELD or (os.name == "nt" and number is None and error.errno == errno.EACCES)


def _repeat(action: Callable[[], _T]) -> _T:
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return action()
        except OSError as error:
            if not is_held(error) or time.monotonic() >= end:
                raise
        time.sleep(_POLL_SECONDS)
