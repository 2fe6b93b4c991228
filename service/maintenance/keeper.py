"""Keeps one process running beside gunicorn: a thread of each worker, one of which starts it.

The evaluator and the sender are processes of their own, so that they take no time from requests and
can be killed by themselves. The stdin of each is a pipe that the worker holds: it ends when the
worker does, however that is. The keeper takes the lock and hands the open file to the process that
it starts, so nobody comes between the two.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from service.errors import ComplianceError
from service.file_lock import hold_lock
from service.project import PROJECT_FOLDER

_LOG = logging.getLogger(__name__)

_SECONDS_BETWEEN = 2.0
_LONGEST_PAUSE = 60.0  # after a process that ended by itself again and again
_STOP_SECONDS = 1.5


class Keeper(threading.Thread):
    """Tries a lock until stop(), and starts a process where it can be had.

    command: of `python -m service`; it takes `--lock` with the number of the open file.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        lock: Path,
        seconds_between: float = _SECONDS_BETWEEN,
    ) -> None:
        super().__init__(name=f"keeper of {name}", daemon=True)
        self._what, self._command = name, command
        self._lock = lock
        self._seconds_between = seconds_between
        self._stopped = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._told = ""

    def stop(self) -> None:
        """Ends the thread and its process, which may finish its round, for a moment."""
        self._stopped.set()
        child = self._child
        if child is not None:
            _close(child)
        self.join(_STOP_SECONDS)
        if child is not None and self.is_alive():
            child.kill()  # what it has not stored is done again
            self.join(_STOP_SECONDS)

    def run(self) -> None:
        pause = 0.0
        while not self._stopped.wait(pause):
            child = self._start_if_free()
            pause = self._seconds_between if child is None else self._watch(child, pause)

    def _start_if_free(self) -> subprocess.Popen[bytes] | None:
        try:
            descriptor = hold_lock(self._lock)
            if descriptor is None:
                return None
            try:
                self._child = subprocess.Popen(  # noqa: S603 — our own program
                    [
                        sys.executable,
                        *("-m", "service", *self._command, "--lock", str(descriptor)),
                    ],
                    cwd=PROJECT_FOLDER,
                    stdin=subprocess.PIPE,
                    pass_fds=[descriptor],
                )
            finally:
                os.close(descriptor)  # the child holds the lock now
        except (ComplianceError, OSError) as error:
            if str(error) != self._told:  # once, and not every two seconds
                _LOG.warning("%s: %s", self._what, error)
            self._told = str(error)
            return None
        self._told = ""
        return self._child

    def _watch(self, child: subprocess.Popen[bytes], pause: float) -> float:
        """Waits until the process ends. How long to wait before the next one."""
        started = time.monotonic()
        if self._stopped.is_set():  # stop() may have come before there was a child
            _close(child)
        code = child.wait()
        _close(child)
        self._child = None
        if self._stopped.is_set():
            return 0.0
        _LOG.warning("%s: it ended with %s; it is started again", self._what, code)
        if time.monotonic() - started > _LONGEST_PAUSE:
            return self._seconds_between
        return min(max(2 * pause, self._seconds_between), _LONGEST_PAUSE)


def _close(child: subprocess.Popen[bytes]) -> None:
    """Closes the pipe, whose end tells the process to end."""
    if child.stdin is not None:
        with suppress(OSError):
            child.stdin.close()
