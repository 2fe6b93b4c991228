"""Back-tests that were asked for run aside, one at a time, and are not lost."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from service.file_lock import hold_lock
from service.policies.backtest import job_process
from service.policies.backtest.job_process import run_next
from service.policies.backtest.job_run import JobCancelledError, Progress, run_job
from service.policies.backtest.job_starter import JobStarter
from service.store.backtest_jobs import BackTestJobStore, Job, NewJob
from service.store.queries import load_queries
from service.times import HOUR, MINUTE, SECOND
from tests.policies.rule_texts import RIGHT
from tests.support.judged_field import ALONE, EVERYWHERE, START, Arrival, Field
from tests.support.live import wait_until

TEXT = RIGHT.replace(*EVERYWHERE)
COUNTING = "(WITH RECURSIVE n(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM n LIMIT 300000)"
# Of all processes, so that no report can be leapt over.
COUNTING += " SELECT count(*) + (SELECT count(*) FROM procesos_vigentes) FROM n)"
SLOW = TEXT.replace("WHERE name = 'bad'", f"WHERE name = 'bad' AND 0 < {COUNTING}")


class Jobs:
    """Three servers that report each five minutes for two hours, always another program."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.field = Field(folder, monkeypatch)
        for minute in range(5, 120, 5):
            at = START + minute * MINUTE
            for number in range(3):
                names = (f"run{minute}", *(("bad",) if minute > 60 else ()))
                self.field.add(Arrival(at + (1 + number) * SECOND, at, f"m{number}", names))
        self.field.now = START + 3 * HOUR
        self.config = self.field.config
        self.store = BackTestJobStore(self.field.database, load_queries())

    def add(self, text: str = TEXT) -> Job:
        asked = NewJob("a-rule", text, True, START, START + 2 * HOUR, None, self.field.now, "ana")
        number = self.store.add(asked)
        assert number is not None
        return self.store.get(number)


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Jobs]:
    made = Jobs(tmp_path / "var", monkeypatch)
    with closing(made.field.database):
        yield made


def test_one_runs_at_a_time_in_the_order_of_asking(jobs: Jobs) -> None:
    first, second = jobs.add(), jobs.add()
    held = hold_lock(jobs.config.backtest_lock)
    assert held is not None
    assert run_next(jobs.config) is None
    os.close(held)
    assert [job and job.id for job in (run_next(jobs.config), run_next(jobs.config))] == [
        first.id,
        second.id,
    ]
    assert run_next(jobs.config) is None


def test_one_whose_process_was_killed_comes_first_and_begins_anew(jobs: Jobs) -> None:
    waiting, killed = jobs.add(), jobs.add()
    jobs.store.begin(killed.id, START)
    jobs.store.note_progress(killed.id, 2, 3)
    ended = run_next(jobs.config)
    assert ended is not None
    assert ended.id == killed.id
    found = jobs.store.get(killed.id)
    assert (found.state, found.attempts, found.done) == ("done", 2, 3)
    assert jobs.store.get(waiting.id).state == "waiting"


def test_one_whose_processes_are_killed_again_and_again_says_how_far_it_came(jobs: Jobs) -> None:
    job = jobs.add()
    for _ in range(3):
        jobs.store.begin(job.id, START)
    jobs.store.note_progress(job.id, 2, 3)
    run_next(jobs.config)
    found = jobs.store.get(job.id)
    assert (found.state, found.done, found.total, found.result) == ("failed", 2, 3, None)


def asked(times: int) -> Callable[[], bool]:
    """Says yes from so many questions on."""
    answers = iter([False] * (times - 1))
    return lambda: next(answers, True)


def test_a_cancelled_one_keeps_what_it_found_and_says_that_it_is_not_whole(jobs: Jobs) -> None:
    progress = Progress()
    ended = run_job(jobs.config, jobs.add(), progress, asked(2))
    result = json.loads(ended.result or "")
    assert (ended.state, ended.done, ended.total) == ("cancelled", 2, 3)
    assert (result["completo"], result["servidores"]) == (False, 2)


def test_one_about_the_fleet_is_cancelled_at_a_tick(jobs: Jobs) -> None:
    text = TEXT
    for change in ALONE:
        text = text.replace(*change, 1)

    class Stopped(Progress):
        def __setattr__(self, name: str, value: int) -> None:
            super().__setattr__(name, value)
            if name == "done" and value:
                raise JobCancelledError

    ended = run_job(jobs.config, jobs.add(text), Stopped())
    assert (ended.state, ended.done) == ("cancelled", 1)
    assert json.loads(ended.result or "")["cada"] == 3600


def test_the_lock_is_free_and_the_job_due_where_its_process_fails(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a defect")

    jobs.add()
    with monkeypatch.context() as patch:
        patch.setattr(job_process, "run_job", fail)
        with pytest.raises(RuntimeError, match="a defect"):
            run_next(jobs.config)
    assert jobs.store.has_due()
    assert run_next(jobs.config) is not None


def job_processes() -> list[int]:
    """The processes of jobs that this one started; a browser of another test may be one, too."""
    tasks = Path("/proc/self/task").iterdir()
    children = [child for task in tasks for child in (task / "children").read_text().split()]
    found = []
    for child in children:
        with suppress(FileNotFoundError):  # it has just ended
            if b"job_process" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(int(child))
    return found


@pytest.mark.torture
def test_a_process_runs_each_is_killed_and_cancelled(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPLIANCE_DATA", str(jobs.config.data))
    monkeypatch.setenv("COMPLIANCE_POLICIES", str(jobs.config.policies))
    job = jobs.add(SLOW)
    starter = JobStarter(jobs.config)
    starter.start()
    try:
        wait_until(lambda: jobs.store.get(job.id).state == "running")
        (process,) = job_processes()
        os.kill(process, signal.SIGKILL)
        wait_until(lambda: jobs.store.get(job.id).attempts == 2)
        (process,) = job_processes()
        wait_until(lambda: os.getpriority(os.PRIO_PROCESS, process) == 19)
        jobs.store.cancel(job.id, jobs.field.now)
        wait_until(lambda: jobs.store.get(job.id).has_ended)
        assert jobs.store.get(job.id).state == "cancelled"
        quick = jobs.add()
        wait_until(lambda: jobs.store.get(quick.id).has_ended)
        assert jobs.store.get(quick.id).state == "done"
        slow = jobs.add(SLOW)
        wait_until(lambda: jobs.store.get(slow.id).state == "running")
    finally:
        starter.stop()
    wait_until(lambda: not job_processes())
    assert jobs.store.get(slow.id).state == "running"  # and begins anew
