"""Calls in threads of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

Result = TypeVar("Result")


def in_thread(function: Callable[..., Result], *arguments: object) -> Future[Result]:
    """Calls the function in a daemon thread, which a failed test does not wait for."""
    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(function(*arguments))
        except BaseException as error:  # noqa: BLE001 — the test looks at it
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future
