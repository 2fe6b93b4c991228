"""kill -9: acknowledged reports stay, and every report is stored exactly once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.faults.load import PATIENCE, Load
from tests.support.durability import archived, assert_rows_are, assert_sound, stored
from tests.support.live import PROJECT, LiveService
from tests.support.reports import report


@pytest.fixture
def load(fresh_service: LiveService, request: pytest.FixtureRequest) -> Iterator[Load]:
    seed = int(os.environ.get("KILL_SEED", random.SystemRandom().randrange(10**6)))
    # pytest shows it when the test fails.
    sys.stdout.write(f"KILL_SEED={seed} repeats {request.node.name}\n")
    load = Load(fresh_service.start(), seed)
    try:
        yield load
    finally:
        for client in load.clients:
            client.finish()


def kill_a_worker(live: LiveService, chance: random.Random) -> None:
    while True:
        workers = live.worker_pids()
        if workers:
            with suppress(ProcessLookupError):
                os.kill(chance.choice(workers), signal.SIGKILL)
                return
        time.sleep(0.01)


def survive(load: Load, kills: list[str], longest: float) -> None:
    live, chance = load.live, load._random
    load.goes_on()
    for victim in kills:
        time.sleep(chance.uniform(0, longest))
        if victim == "worker":
            kill_a_worker(live, chance)
        elif victim == "all workers":
            for pid in live.worker_pids():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        else:
            live.kill()
            live.start()
        load.goes_on()
        load.check()
    load.drain()
    assert load.faults() == []
    sent = load.sent()
    assert sent.keys() == load.acknowledged().keys()
    assert stored(live) == Counter(sent.keys()), "sent = database, none twice"
    assert archived(live).keys() == sent.keys()
    for document in sent.values():
        assert_rows_are(live, document)
    assert_sound(live)
    lines = archived(live).total()
    sys.stdout.write(f"{len(kills)} kills, {len(sent)} reports, {lines} lines of archive\n")


def test_acknowledged_reports_survive_kill_9_and_all_are_stored_once(load: Load) -> None:
    survive(load, ["worker", "everything", "worker", "all workers", "everything"], longest=0.5)


@pytest.mark.torture
@pytest.mark.timeout(240)
def test_acknowledged_reports_survive_40_times_kill_9(load: Load) -> None:
    kills = ["worker"] * 20 + ["all workers"] * 5 + ["everything"] * 15
    load._random.shuffle(kills)
    survive(load, kills, longest=1.0)


HOLDER = """
import fcntl, sqlite3, sys, time
if sys.argv[3] == "the lock":
    lock = open(sys.argv[1] + ".lock", "r+")
    fcntl.flock(lock, fcntl.LOCK_EX)
if sys.argv[3] == "a transaction":
    connection = sqlite3.connect(sys.argv[1], isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO server (identity) VALUES ('half done')")
if sys.argv[3] == "the archive":
    day = open(sys.argv[2], "a")
    fcntl.flock(day, fcntl.LOCK_EX)
    day.write('{"recibido":"2020-0')
    day.flush()
print("holds", flush=True)
time.sleep(60)
"""


@pytest.mark.torture
@pytest.mark.parametrize("held", ["the lock", "a transaction", "the archive"])
def test_a_killed_lock_holder_blocks_no_writer(fresh_service: LiveService, held: str) -> None:
    live = fresh_service.start()
    assert live.post(report(marca_proc="before")).status == 201
    (day,) = live.archive.iterdir()
    command = [sys.executable, "-c", HOLDER, str(live.database), str(day), held]
    holder = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"holds\n"
        with ThreadPoolExecutor(8) as pool:
            answers = [pool.submit(live.post, report(marca_proc=f"{n}")) for n in range(8)]
            time.sleep(0.3)
            assert not any(answer.done() for answer in answers), "they wait for their turn"
            assert live.get("/servers").status == 200, "reading does not"
            holder.kill()
            assert [answer.result(PATIENCE).status for answer in answers] == [201] * 8
    finally:
        holder.kill()
        holder.communicate(timeout=10)
    assert stored(live) == Counter(["before", *map(str, range(8))])
    assert live.rows("SELECT * FROM server WHERE identity = 'half done'") == []
    assert_sound(live)


@pytest.mark.torture
def test_a_master_killed_alone_is_replaced_at_once(fresh_service: LiveService) -> None:
    """Its workers live on for a moment: two generations then write to one database."""
    live = fresh_service.start()
    orphans = live.worker_pids()
    marks = [f"report {number}" for number in range(100)]
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(until_acknowledged, live, report(marca_proc=mark)) for mark in marks]
        assert live._process is not None
        live._process.kill()
        live._process.wait(10)
        live.start()
        assert all(answer.result(PATIENCE) for answer in answers)
    assert stored(live) == Counter(marks)
    assert_sound(live)
    deadline = time.monotonic() + PATIENCE
    while any(Path(f"/proc/{pid}").exists() for pid in orphans):
        assert time.monotonic() < deadline, "the workers of the killed master are still there"
        time.sleep(0.05)


def until_acknowledged(live: LiveService, document: dict[str, Any]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(OSError):
            if live.post(document).status in (200, 201):
                time.sleep(0.02)
                return True
        time.sleep(0.02)
    return False


@pytest.mark.torture
def test_a_removed_lock_file_loses_no_report(fresh_service: LiveService) -> None:
    live = fresh_service.start()
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(live.post, report(marca_proc=f"{n}")) for n in range(100)]
        while not all(answer.done() for answer in answers):
            live.database.with_name("compliance.db.lock").unlink(missing_ok=True)
            time.sleep(0.002)
    assert [answer.result().status for answer in answers] == [201] * 100
    assert stored(live) == Counter(map(str, range(100)))
    assert_sound(live)
