"""Ends the agent on SIGTERM and SIGINT."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

from agent.cli.exit_codes import DELIVERED, SIGNAL_BASE

if TYPE_CHECKING:
    from agent.transport.delivery import Delivery

_GRACE_SECONDS = 0.4  # for each of two things to finish after the signal


def end_on_signals(delivery: Delivery | None, *, success: bool) -> threading.Lock:
    """End the process within a second of SIGTERM or SIGINT, whatever it is doing.

    success: the exit code is 0 and not 128 + the number of the signal

    Returns a lock: while a report is taken under it, the end waits until the report is spooled.

    A Python signal handler runs only between two steps of the main thread, and a single step can
    take half a minute: resolving a name while the name server is silent. A thread that waits for
    the signals is independent of that. It also works as the first process of a container, which
    ignores the signals that it does not handle.
    """
    taking = threading.Lock()
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        return taking
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
