"""kill -9: what was acknowledged stays, and the rest arrives exactly once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.durability import archived, assert_rows_are, assert_sound, stored
from tests.support.live import PROJECT, LiveService
from tests.support.reports import report

CLIENTS = 6
PATIENCE = 30  # seconds without one acknowledgement, after which the service is said to be stuck


class Client(threading.Thread):
    """Sends reports one after the other, each again and again until it is acknowledged."""

    def __init__(self, live: LiveService, number: int, seed: int) -> None:
        super().__init__(daemon=True)
        self._live = live
        self._name = f"client {number}"
        self._random = random.Random(f"{seed}/{number}")
        own = [f"10.{number}.0.{server}" for server in (1, 2, 3)]
        self._addresses = [*own, "10.99.0.1", "10.99.0.2"]
        self._running = {address: self._some_processes(40) for address in self._addresses}
        self._time = datetime(2020, 2, 15, tzinfo=UTC) + timedelta(microseconds=number)
        self._finish = threading.Event()
        self.sent: dict[str, dict[str, Any]] = {}
        self.acknowledged: dict[str, int] = {}  # id_serv by mark
        self.fault: str | None = None

    def finish(self) -> None:
        """Sends no new report; the last one is still repeated until it is acknowledged."""
        self._finish.set()

    def run(self) -> None:
        while not self._finish.is_set() and self.fault is None:
            document = self._next()
            mark = document["marca_proc"]
            self.sent[mark] = document
            deadline = time.monotonic() + PATIENCE
            while self.fault is None and mark not in self.acknowledged:
                if time.monotonic() > deadline:
                    self.fault = f"{mark} was not acknowledged in {PATIENCE} s"
                self._try(mark, document)

    def _try(self, mark: str, document: dict[str, Any]) -> None:
        try:
            answer = self._live.post(document)
        except OSError:
            time.sleep(0.02)
            return
        if answer.status in (200, 201):
            self.acknowledged[mark] = answer.json()["id_serv"]
        elif answer.status == 503 and "retry-after" in answer.headers:
            time.sleep(0.02)
        else:
            self.fault = f"{mark}: {answer}"

    def _next(self) -> dict[str, Any]:
        chance = self._random
        address = chance.choice(self._addresses)
        running = self._running[address]
        for _ in range(chance.randrange(5)):
            running.pop(chance.randrange(len(running)))
            running += self._some_processes(1)
        self._time += timedelta(seconds=chance.randrange(3))  # so some share one time
        when = self._time - timedelta(hours=chance.random() < 0.1)  # and some are late
        return report(
            ipaddress=address,
            marca_proc=f"{self._name}, report {len(self.sent)}",
            fecha_hora=f"{when:%Y-%m-%d %H:%M:%S.%f}",
            procesos=list(running),
            usuarios_activos=[
                {"pid": chance.choice([None, 7, 8]), "name": chance.choice(["ana", "juan"])}
                for _ in range(chance.randrange(3))
            ],
        )

    def _some_processes(self, count: int) -> list[dict[str, Any]]:
        chance = self._random
        return [
            {
                "pid": chance.randrange(1, 32768),
                "name": f"program-{chance.randrange(5000)}",  # new names until the very end
                "username": chance.choice(["root", "juan", None]),
            }
            for _ in range(count)
        ]


class Load:
    """Six clients at work, and the checks that hold at every moment."""

    def __init__(self, live: LiveService, seed: int) -> None:
        self.live = live
        self._random = random.Random(seed)
        self.clients = [Client(live, number, seed) for number in range(1, CLIENTS + 1)]
        for client in self.clients:
            client.start()

    def acknowledged(self) -> dict[str, int]:
        return {
            mark: i for client in self.clients for mark, i in client.acknowledged.copy().items()
        }

    def sent(self) -> dict[str, dict[str, Any]]:
        return {mark: d for client in self.clients for mark, d in client.sent.copy().items()}

    def goes_on(self) -> None:
        """Waits until more is acknowledged than was."""
        before = len(self.acknowledged())
        deadline = time.monotonic() + PATIENCE
        while len(self.acknowledged()) <= before:
            assert self.faults() == []
            assert time.monotonic() < deadline, f"stuck:\n{self.live.log[-3000:]}"
            time.sleep(0.01)

    def faults(self) -> list[str]:
        return [client.fault for client in self.clients if client.fault]

    def check(self) -> None:
        """Acknowledged ⊆ database ⊆ archive, in this order of looking, as all of them grow."""
        acknowledged = self.acknowledged()
        rows = self.live.rows("SELECT marca_proc, id_serv FROM servers")
        in_database: dict[str, int] = dict(rows)
        assert len(rows) == len(in_database), "a report is stored twice"
        assert acknowledged.items() <= in_database.items()
        assert in_database.keys() <= archived_while_it_grows(self.live).keys()
        sent = self.sent()
        assert in_database.keys() <= sent.keys()
        for mark in self._random.sample(sorted(acknowledged), min(10, len(acknowledged))):
            assert_rows_are(self.live, sent[mark])

    def drain(self) -> None:
        for client in self.clients:
            client.finish()
        for client in self.clients:
            client.join(PATIENCE + 20)
            assert not client.is_alive()


def archived_while_it_grows(live: LiveService) -> Counter[str]:
    """The line that is being written right now may be half there; a moment later it is not."""
    for _ in range(100):
        with suppress(AssertionError):
            return archived(live)
        time.sleep(0.01)
    return archived(live)


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


def test_what_was_acknowledged_survives_kill_9_and_the_rest_arrives_once(load: Load) -> None:
    survive(load, ["worker", "everything", "worker", "all workers", "everything"], longest=0.5)


@pytest.mark.torture
@pytest.mark.timeout(240)
def test_what_was_acknowledged_survives_40_times_kill_9(load: Load) -> None:
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


@pytest.mark.parametrize("held", ["the lock", "a transaction", "the archive"])
def test_a_writer_killed_while_it_holds_what_others_wait_for_blocks_nobody(
    fresh_service: LiveService, held: str
) -> None:
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
            assert [answer.result(5).status for answer in answers] == [201] * 8
    finally:
        holder.kill()
        holder.communicate(timeout=10)
    assert stored(live) == Counter(["before", *map(str, range(8))])
    assert live.rows("SELECT * FROM server WHERE identity = 'half done'") == []
    assert_sound(live)


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


def test_a_lock_file_that_is_removed_lets_no_report_be_lost(fresh_service: LiveService) -> None:
    live = fresh_service.start()
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(live.post, report(marca_proc=f"{n}")) for n in range(100)]
        while not all(answer.done() for answer in answers):
            live.database.with_name("compliance.db.lock").unlink(missing_ok=True)
            time.sleep(0.002)
    assert [answer.result().status for answer in answers] == [201] * 100
    assert stored(live) == Counter(map(str, range(100)))
    assert_sound(live)
