"""How many queries of administrators run at a time, in all processes of the service."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from service.errors import QueriesBusyError, StorageUnavailableError
from service.file_lock import try_lock

_RETRY_SECONDS = 5


@contextmanager
def slot(files: Sequence[Path]) -> Iterator[int]:
    """One of the places, each a lock on a file: its descriptor. Nobody waits for one.

    The process of the query has to inherit it. Whoever kills the one that asked frees no place
    before the query has ended too.

    Raises QueriesBusyError, StorageUnavailableError.
    """
    for file in files:
        descriptor = _opened(file)
        try:
            if try_lock(descriptor, shared=False):
                yield descriptor
                return
        finally:
            os.close(descriptor)  # which also unlocks, once the query has ended
    raise QueriesBusyError(len(files), _RETRY_SECONDS)


def _opened(file: Path) -> int:
    try:
        return os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageUnavailableError(f"cannot lock {file}: {error}") from error
