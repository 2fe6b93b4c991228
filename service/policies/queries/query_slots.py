"""How many queries of administrators run at a time, in all processes of the service."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from service.errors import QueriesBusyError
from service.file_lock import one_place

_RETRY_SECONDS = 5


@contextmanager
def slot(files: Sequence[Path]) -> Iterator[int]:
    """One of the places. The process of the query has to inherit its descriptor.

    Whoever kills the one that asked frees no place before the query has ended too.

    Raises QueriesBusyError, StorageUnavailableError.
    """
    with one_place(files) as place:
        if place is None:
            raise QueriesBusyError(len(files), _RETRY_SECONDS)
        yield place
