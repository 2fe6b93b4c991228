"""Stores back-tests that were asked for, how far they are, and what came of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from service.errors import BackTestNotFoundError
from service.store.engines import Connection, Database

MAX_DUE = 10  # jobs that wait or run
KEPT = 50  # jobs
TEXT = "texto"  # the member of a result that has the hash of the text


class NewJob(NamedTuple):
    """A back-test to run. source: the whole file of the rule. server: null for all.

    Times: microseconds. asked_by: the name of a token.
    """

    rule: str
    source: str
    is_unsaved: bool
    since_at: int
    until_at: int
    server: str | None
    asked_at: int
    asked_by: str | None


class Job(NamedTuple):
    """A back-test. state: waiting, running; done, cancelled, refused, failed.

    attempts: processes that began it. done, total: servers, or hours for a rule about the fleet.
    source, result: null in a list of jobs; result: JSON, null before the end.
    """

    id: int
    rule: str
    is_unsaved: bool
    since_at: int
    until_at: int
    server: str | None
    asked_at: int
    asked_by: str | None
    state: str
    cancelled_at: int | None
    started_at: int | None
    ended_at: int | None
    attempts: int
    done: int
    total: int | None
    source: str | None = None
    result: str | None = None

    @property
    def has_ended(self) -> bool:
        return self.ended_at is not None


class BackTestJobStore:
    """Raises StorageUnavailableError, in all methods."""

    def __init__(self, database: Database, queries: Mapping[str, str]) -> None:
        self._database = database
        self._queries = queries

    def add(self, job: NewJob) -> int | None:
        """The number of the job; null while as many wait as may wait."""
        with self._database.transaction() as connection:
            if self._due(connection) >= MAX_DUE:
                return None
            row = connection.execute(self._queries["add_backtest_job"], job._asdict()).fetchone()
            connection.execute(self._queries["prune_backtest_jobs"], {"kept": KEPT})
        return int(row[0])

    def has_due(self) -> bool:
        """Whether a job waits, or ran when its process ended."""
        with self._database.snapshot() as connection:
            return self._due(connection) > 0

    def get(self, job_id: int) -> Job:
        """Raises BackTestNotFoundError."""
        with self._database.snapshot() as connection:
            found = connection.execute(self._queries["backtest_job"], {"id": job_id})
            row = found.fetchone()
        if row is None:
            raise BackTestNotFoundError(job_id)
        return _job(row)

    def newest(self, rule: str | None = None, limit: int = KEPT) -> list[Job]:
        """The newest jobs first, of one rule or of all."""
        with self._database.snapshot() as connection:
            rows = connection.execute(
                self._queries["backtest_jobs"], {"rule": rule, "limit": limit}
            )
            return [_job(row) for row in rows]

    def newest_of_text(self, rule: str, text_hash: str) -> Job | None:
        """The newest one that finished of a rule with this text, whole; null if there is none."""
        parameters = {"rule": rule, "part": f'%"{TEXT}": "{text_hash}"%'}
        with self._database.snapshot() as connection:
            found = connection.execute(self._queries["finished_backtest_of_text"], parameters)
            row = found.fetchone()
        return None if row is None else _job(row)

    def next(self) -> Job | None:
        """The job to run; null if none is due."""
        with self._database.snapshot() as connection:
            row = connection.execute(self._queries["next_backtest_job"]).fetchone()
        return None if row is None else _job(row)

    def begin(self, job_id: int, at: int) -> None:
        """Notes that a process runs the job."""
        with self._database.transaction() as connection:
            connection.execute(self._queries["begin_backtest_job"], {"id": job_id, "at": at})

    def note_progress(self, job_id: int, done: int, total: int | None) -> None:
        values = {"id": job_id, "done": done, "total": total}
        with self._database.transaction() as connection:
            connection.execute(self._queries["note_backtest_progress"], values)

    def end(self, job: Job, at: int) -> None:
        """Stores the state, the progress and the result of a job that has ended."""
        values = {
            "id": job.id, "state": job.state, "at": at, "done": job.done, "total": job.total,
            "result": job.result,
        }  # fmt: skip
        with self._database.transaction() as connection:
            connection.execute(self._queries["end_backtest_job"], values)

    def cancel(self, job_id: int, at: int) -> None:
        """Ends a job that waits, and asks the process that runs another one to end it."""
        with self._database.transaction() as connection:
            connection.execute(self._queries["cancel_backtest_job"], {"id": job_id, "at": at})

    def is_cancelled(self, job_id: int) -> bool:
        """Whether somebody asked to cancel the job. One that is gone counts as such."""
        with self._database.snapshot() as connection:
            found = connection.execute(self._queries["backtest_is_cancelled"], {"id": job_id})
            row = found.fetchone()
        return row is None or bool(row[0])

    def _due(self, connection: Connection) -> int:
        (count,) = connection.execute(self._queries["count_due_backtest_jobs"]).fetchone()
        return int(count)


def _job(row: tuple[object, ...]) -> Job:
    job = Job(*row)  # type: ignore[arg-type]
    return job._replace(is_unsaved=bool(job.is_unsaved))
