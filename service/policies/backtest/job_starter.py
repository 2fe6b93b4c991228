"""Starts a process for each back-test that is due, one after the other, beside the evaluator.

There is no process while none is due. Each ends with this one, whose pipe is its stdin, and its job
is then begun anew.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from contextlib import closing, suppress

from service import times
from service.config import Config
from service.errors import StorageUnavailableError
from service.project import PROJECT_FOLDER
from service.store.backtest_jobs import BackTestJobStore
from service.store.engines import open_database
from service.store.past_openings import PastOpeningStore
from service.store.queries import load_queries
from service.store.read.unjudged import UNDER_WAY

_LOG = logging.getLogger(__name__)

_MODULE = "service.policies.backtest.job_process"
_SECONDS_BETWEEN = 1.0
_SECONDS_AFTER_FAILURE = 10.0
_STOP_SECONDS = 1.5


class JobStarter(threading.Thread):
    """Looks for jobs, and for new texts, until stop().

    Start it before the priority is lowered, which processes inherit.
    """

    def __init__(self, config: Config) -> None:
        super().__init__(name="backtest-starter", daemon=True)
        self._config = config
        self._stopped = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None

    def stop(self) -> None:
        """Ends the thread and its process."""
        self._stopped.set()
        if self._child is not None:
            _close(self._child)
        if self.is_alive():
            self.join(_STOP_SECONDS)

    def run(self) -> None:
        pause = _SECONDS_BETWEEN
        with closing(open_database(self._config.database)) as database:
            queries = load_queries()
            jobs, past = BackTestJobStore(database, queries), PastOpeningStore(database, queries)
            while not self._stopped.wait(pause):
                pause = _SECONDS_BETWEEN
                with suppress(StorageUnavailableError):  # the evaluator tells of it
                    is_due = jobs.has_due() or past.due(times.now() - UNDER_WAY)
                    if is_due and self._run_process() != 0:
                        pause = _SECONDS_AFTER_FAILURE

    def _run_process(self) -> int:
        """Its exit code."""
        try:
            child = subprocess.Popen(  # noqa: S603 — our own program
                [sys.executable, "-m", _MODULE],
                cwd=PROJECT_FOLDER,
                stdin=subprocess.PIPE,
            )
        except OSError as error:
            _LOG.warning("back-test: no process can be started: %s", error)
            return 1
        self._child = child
        if self._stopped.is_set():  # stop() may have come before there was a child
            _close(child)
        code = child.wait()
        _close(child)
        if code != 0 and not self._stopped.is_set():
            _LOG.warning("back-test: its process ended with %s", code)
        return code


def _close(child: subprocess.Popen[bytes]) -> None:
    """Closes the pipe, whose end tells the process to end."""
    if child.stdin is not None:
        with suppress(OSError):
            child.stdin.close()
