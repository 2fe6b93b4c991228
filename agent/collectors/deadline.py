"""Deadlines for outside reads, which may never return.

A read can wait in the kernel, out of the reach of signals: for a dead file server, or for the
memory of a process that hangs itself. A thread in such a read cannot be ended. It is left behind
as a daemon, which keeps neither the report nor the end of the agent waiting.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")
_unanswered: dict[str, threading.Thread] = {}


class NoAnswerError(Exception):
    """A read did not return in time."""


def answer(subject: str, read: Callable[[], _T], seconds: float) -> _T:
    """The result of read(), or its exception.

    subject: names the read; it is not started again while an earlier one has not returned

    Raises NoAnswerError after so many seconds.
    """
    earlier = _unanswered.get(subject)
    if earlier is not None and earlier.is_alive():
        raise NoAnswerError(f"{subject}: no answer since an earlier report")
    results: list[_T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(read())
        except BaseException as error:  # noqa: BLE001 — it is raised where the answer is awaited
            errors.append(error)

    thread = threading.Thread(target=run, name=subject, daemon=True)
    try:
        thread.start()
    except RuntimeError:  # the system allows no more threads
        return read()
    thread.join(max(seconds, 0.0))
    if errors:
        raise errors[0]
    if not results:
        _unanswered[subject] = thread
        raise NoAnswerError(f"{subject}: no answer within {seconds:.0f} s")
    return results[0]
