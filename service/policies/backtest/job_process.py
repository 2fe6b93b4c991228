"""The process that runs one back-test that was asked for, aside from everything else; if there is
none, it judges the records from before new texts.

    python -m service.policies.backtest.job_process

It holds a lock, so one runs at a time, and works at the lowest priority, but for what it writes: as
the evaluator, it must not be preempted in a transaction. A job whose process ended is begun anew.
service/policies/backtest/job_starter.py starts it, and holds the other end of its stdin.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from types import FrameType

from service import times
from service.config import Config, from_env
from service.errors import ComplianceError, StorageUnavailableError
from service.file_lock import hold_lock
from service.policies.backtest.job_run import JobCancelledError, Progress, run_job
from service.policies.backtest.past_run import PastRun
from service.store.backtest_jobs import BackTestJobStore, Job
from service.store.engines import Database, open_database
from service.store.past_openings import PastOpeningStore
from service.store.queries import load_queries
from service.store.write.rule_texts import RuleTextStore

_LOG = logging.getLogger(__name__)

_NICE = 19
_MAX_ATTEMPTS = 3  # processes that may end at a job
_SECONDS_BETWEEN_LOOKS = 0.5  # whether it is cancelled
_SECONDS_BETWEEN_NOTES = 2.0  # of how far it is: each is a transaction


def main() -> int:
    os.umask(0o077)
    logging.basicConfig(
        level=logging.INFO,
        format="[%(asctime)s] [%(process)d] [%(levelname)s] %(name)s: %(message)s",
        datefmt="%Y-%m-%d %H:%M:%S %z",
    )
    threading.Thread(target=_end_with_starter, daemon=True).start()
    try:
        run_next(from_env(), is_alone=True)
    except ComplianceError as error:
        _LOG.warning("back-test: %s", error)
        return 1
    return 0


def run_next(config: Config, *, is_alone: bool = False) -> Job | None:
    """Runs the job that comes first; null if none is due, or another process runs one.

    If none is due, it judges older records by new texts, until one is.

    is_alone: this process does nothing else, and may lower its priority and use signals. Raises
    StorageUnavailableError.
    """
    descriptor = hold_lock(config.backtest_lock)
    if descriptor is None:
        return None
    try:
        with closing(open_database(config.database)) as database:
            jobs = BackTestJobStore(database, load_queries())
            job = jobs.next()
            if job is not None:
                return _run(config, jobs, job, is_alone=is_alone)
            _run_past(config, database, jobs, is_alone=is_alone)
            return None
    finally:
        os.close(descriptor)


def _run(config: Config, jobs: BackTestJobStore, job: Job, *, is_alone: bool) -> Job:
    if job.cancelled_at is not None or job.attempts >= _MAX_ATTEMPTS:
        ended = job._replace(state="failed" if job.cancelled_at is None else "cancelled")
        jobs.end(ended, times.now())
        return ended
    jobs.begin(job.id, times.now())
    progress, interrupt = Progress(), _Interrupt(is_alone=is_alone)
    watch = _Watch(jobs, job.id, progress, interrupt)
    watch.start()  # with the priority of before
    _lower_priority(is_alone=is_alone)
    try:
        with interrupt:
            ended = run_job(config, job, progress, lambda: watch.is_cancelled)
    except JobCancelledError:  # at the very end
        ended = job._replace(state="cancelled", done=progress.done, total=progress.total)
    except BaseException:
        watch.stop()
        raise
    watch.end(ended)
    return ended


def _run_past(
    config: Config, database: Database, jobs: BackTestJobStore, *, is_alone: bool
) -> None:
    queries = load_queries()
    store, texts = PastOpeningStore(database, queries), RuleTextStore(database, queries)
    with ThreadPoolExecutor(1, "past-writer") as writer:
        writer.submit(int).result()  # starts the thread, with the priority of before
        _lower_priority(is_alone=is_alone)
        run = PastRun(
            config,
            store,
            texts,
            write=lambda function: writer.submit(function).result(),
            is_urgent=jobs.has_due,
        )
        run.run()


def _lower_priority(*, is_alone: bool) -> None:
    if is_alone:
        with suppress(OSError):  # the unit of the service allows no change of priority
            os.nice(_NICE)


class _Interrupt:
    """Raises JobCancelledError in the main thread, within its with statement, when it is asked to.

    A signal, since it ends a read that waits for the guard.
    """

    def __init__(self, *, is_alone: bool) -> None:
        self._is_alone, self._is_armed = is_alone, False

    def fire(self) -> None:
        main = threading.main_thread().ident
        if self._is_alone and main is not None:
            signal.pthread_kill(main, signal.SIGINT)

    def _raise(self, _signal: int, _frame: FrameType | None) -> None:
        if self._is_armed:
            self._is_armed = False
            raise JobCancelledError

    def __enter__(self) -> None:
        if self._is_alone:
            signal.signal(signal.SIGINT, self._raise)
            self._is_armed = True

    def __exit__(self, *_: object) -> None:
        self._is_armed = False


class _Watch(threading.Thread):
    """Stores how far a job is and how it ends, and looks whether it is cancelled."""

    def __init__(
        self, jobs: BackTestJobStore, job_id: int, progress: Progress, interrupt: _Interrupt
    ) -> None:
        super().__init__(name="backtest-watch", daemon=True)
        self._jobs, self._job_id, self._progress = jobs, job_id, progress
        self._interrupt = interrupt
        self._stopped = threading.Event()
        self._ended: Job | None = None
        self._failure: StorageUnavailableError | None = None
        self.is_cancelled = False

    def stop(self) -> None:
        self._stopped.set()
        self.join()

    def end(self, job: Job) -> None:
        """Stores the job as it ended. Raises StorageUnavailableError."""
        self._ended = job
        self.stop()
        if self._failure is not None:
            raise self._failure

    def run(self) -> None:
        told: tuple[int, int | None] = (0, None)
        told_at = 0.0
        while not self._stopped.wait(_SECONDS_BETWEEN_LOOKS):
            with suppress(StorageUnavailableError):  # tried again at the next look
                if not self.is_cancelled and self._jobs.is_cancelled(self._job_id):
                    self.is_cancelled = True
                    self._interrupt.fire()
                now = (self._progress.done, self._progress.total)
                if now != told and time.monotonic() - told_at >= _SECONDS_BETWEEN_NOTES:
                    self._jobs.note_progress(self._job_id, *now)
                    told, told_at = now, time.monotonic()
        try:
            if self._ended is not None:
                self._jobs.end(self._ended, times.now())
        except StorageUnavailableError as error:
            self._failure = error


def _end_with_starter() -> None:
    """Ends this process with the one that holds the other end of its stdin."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(0)  # the job is begun anew


if __name__ == "__main__":
    sys.exit(main())
