"""Ends the agent on SIGTERM and SIGINT; on Windows, on Ctrl-C and Ctrl-Break."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from typing import TYPE_CHECKING

from agent.cli.exit_codes import DELIVERED, SIGNAL_BASE

if TYPE_CHECKING:
    from agent.transport.delivery import Delivery

_GRACE_SECONDS = 0.4  # for each of two things to finish after the signal


class InterruptGuard:
    """Delays KeyboardInterrupt until the end of the block, where a report is taken.

    A second Ctrl-C is not delayed.
    """

    def __init__(self) -> None:
        self._within = False
        self._pending = False
        for name in ("SIGINT", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._interrupt)

    def __enter__(self) -> None:
        self._within = True

    def __exit__(self, *_error: object) -> None:
        self._within = False
        if self._pending:
            raise KeyboardInterrupt

    def _interrupt(self, *_signal: object) -> None:
        if self._within and not self._pending:
            self._pending = True
        else:
            raise KeyboardInterrupt


def end_on_signals(
    delivery: Delivery | None, *, success: bool
) -> contextlib.AbstractContextManager[object]:
    """End the process within a second of SIGTERM or SIGINT, whatever it is doing.

    success: the exit code is 0 and not 128 + the number of the signal

    Returns a guard: while a report is taken within it, the end waits until the report is spooled.
    On Windows, where no thread can wait for signals, the caller handles KeyboardInterrupt.

    A Python signal handler runs only between two steps of the main thread, and a single step can
    take half a minute: resolving a name while the name server is silent. A thread that waits for
    the signals is independent of that. It also works as the first process of a container, which
    ignores the signals that it does not handle.
    """
    if not hasattr(signal, "pthread_sigmask"):
        return InterruptGuard()
    taking = threading.Lock()
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)

    def wait() -> None:
        number = signal.sigwait(signals)
        taking.acquire(timeout=_GRACE_SECONDS)
        if delivery is not None:
            saving = threading.Thread(target=delivery.save_memory, daemon=True)
            saving.start()
            saving.join(_GRACE_SECONDS)
        os._exit(DELIVERED if success else SIGNAL_BASE + number)

    threading.Thread(target=wait, name="signals", daemon=True).start()
    return taking
