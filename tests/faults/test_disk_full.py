"""A full disk: reports get 503, stored records can be read, and the service recovers."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.full_disk import assert_reads_answer, assert_refused_for_now, large
from tests.support.durability import archived, assert_rows_are, assert_sound, stored
from tests.support.live import Answer, LiveService, wait_until
from tests.support.small_disk import PAGE, SmallDisk

pytestmark = pytest.mark.torture


def test_a_full_disk_refuses_reports_for_now_and_recovers_by_itself(
    disk: SmallDisk, live: LiveService
) -> None:
    id_serv = live.post(large(0)).json()["id_serv"]
    master, workers = live.pid, live.worker_pids()
    disk.fill()
    for number in range(1, 6):
        assert_refused_for_now(live.post(large(number)))
    assert_reads_answer(live, id_serv)
    again = live.post(large(0))
    assert (again.status, again.json()["id_serv"]) == (200, id_serv), (
        "a stored report is recognised"
    )
    assert stored(live) == Counter(["0"])
    assert_sound(live)
    disk.free()
    assert [live.post(large(number)).status for number in range(1, 6)] == [201] * 5
    assert (live.pid, live.worker_pids()) == (master, workers), "no restart"
    assert stored(live) == archived(live) == Counter(map(str, range(6)))
    for number in range(6):
        assert_rows_are(live, large(number))
    assert_sound(live)


def test_at_every_fill_level_a_report_is_stored_completely_or_not_at_all(
    disk: SmallDisk, live: LiveService
) -> None:
    """Page by page: no room for the archive, for a part of its line, for the database…"""
    live.post(large(0))
    statuses = []
    for pages in range(48):
        number = pages + 1
        disk.free()
        disk.fill(pages * PAGE)
        before = archived(live)
        answer = live.post(large(number))
        statuses.append((answer.status, archived(live) != before))
        assert stored(live)[str(number)] == (answer.status == 201)
        if answer.status != 201:
            assert_refused_for_now(answer)
        assert_reads_answer(live, 1)
        assert_sound(live)
        disk.free()
        assert live.post(large(number)).status == (200 if answer.status == 201 else 201)
    # The sweep met all three: neither, the archive alone, both.
    assert set(statuses) == {(503, False), (503, True), (201, True)}
    assert stored(live) == Counter(map(str, range(49)))
    for number in range(49):
        assert_rows_are(live, large(number))
    assert_sound(live)


def test_attempts_on_a_full_disk_leak_nothing(disk: SmallDisk, live: LiveService) -> None:
    live.post(large(0))
    disk.fill(5 * PAGE)
    with ThreadPoolExecutor(8) as pool:
        # Each worker archives the report once, and opens what it keeps open.
        first = [answer.status for answer in pool.map(live.post, [large(1)] * 200)]
        size, left, files = sizes(live), disk.left, open_files(live)
        more = [answer.status for answer in pool.map(live.post, [large(1)] * 200)]
    assert set(first + more) == {503}
    assert sizes(live) == size
    assert disk.left == left
    pooled = 3 * 5 * 2  # workers, connections of each to the database, files of each of these
    assert open_files(live) <= files + pooled, "the second 200 leave nothing open"
    disk.free()
    assert live.post(large(1)).status == 201
    assert archived(live)["1"] <= 3


def open_files(live: LiveService) -> int:
    """How many descriptors all workers have of files in the data folder."""
    files = 0
    for pid in live.worker_pids():
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # a connection that is being closed
                files += str(descriptor.readlink()).startswith(str(live.data))
    return files


def sizes(live: LiveService) -> dict[str, int]:
    files = [*live.archive.iterdir(), live.database, live.database.with_name("compliance.db-wal")]
    return {path.name: path.stat().st_size for path in files}


def test_many_readers_with_new_connections_are_answered_on_a_full_disk(
    disk: SmallDisk, live: LiveService
) -> None:
    id_serv = live.post(large(0)).json()["id_serv"]
    disk.fill()
    assert live.post(large(1)).status == 503
    with ThreadPoolExecutor(24) as pool:  # more than the pooled connections
        answers = list(pool.map(live.get, [f"/servers/{id_serv}/procesos"] * 240))
    assert {answer.status for answer in answers} == {200}
    assert {len(answer.json()["procesos"]) for answer in answers} == {300}
    # And any SQLite client with the file.
    reader = sqlite3.connect(f"file:{live.database}?mode=ro", uri=True)
    assert reader.execute("SELECT count(*) FROM procesos").fetchone() == (300,)
    reader.close()


def test_a_disk_that_fills_and_empties_under_load_loses_nothing(
    disk: SmallDisk, live: LiveService
) -> None:
    clients = [Client(live, first) for first in range(4)]
    for client in clients:
        client.start()
    try:
        for leave in (0, 10, 3, 40, 0, 20, 60, 5):
            disk.fill(leave * PAGE)
            if leave == 0:
                wait_until(lambda: all(client.refused for client in clients))
            time.sleep(0.25)
            known = acknowledged(clients)
            assert set(known) <= stored(live).keys()
            disk.free()
            more = len(known) + 3
            wait_until(lambda more=more: len(acknowledged(clients)) >= more)  # type: ignore[misc]
    finally:
        disk.free()
        for client in clients:
            client.over.set()
        for client in clients:
            client.join(30)
    assert [client.wrong for client in clients] == [[]] * 4
    known = acknowledged(clients)
    assert stored(live) == Counter(known), "each exactly once"
    for mark in known[:: max(1, len(known) // 40)]:
        assert_rows_are(live, large(int(mark)))
    assert_sound(live)


class Client(threading.Thread):
    """Sends every fourth number, each again and again until it is acknowledged."""

    def __init__(self, live: LiveService, first: int) -> None:
        super().__init__(daemon=True)
        self.over = threading.Event()
        self.acknowledged: list[int] = []
        self.refused = 0
        self.wrong: list[Answer] = []
        self._live = live
        self._next = first
        self._pending = False

    def run(self) -> None:
        while self._pending or not self.over.is_set():
            self._pending = True
            answer = self._live.post(large(self._next))
            if answer.status in (200, 201):
                self.acknowledged.append(self._next)
                self._next += 4
                self._pending = False
            elif answer.status == 503:
                self.refused += 1
                time.sleep(0.01)
            else:
                self.wrong.append(answer)


def acknowledged(clients: list[Client]) -> list[str]:
    return [str(number) for client in clients for number in client.acknowledged.copy()]


def test_a_failed_checkpoint_loses_nothing(disk: SmallDisk, live: LiveService) -> None:
    """The checkpoint at 1,000 pages of WAL finds the disk full, while the WAL itself has room."""
    number = 0
    wal = live.database.with_name("compliance.db-wal")
    while wal.stat().st_size < 900 * PAGE:
        assert live.post(large(number)).status == 201
        number += 1
    disk.fill(2 * 17 * 1024 + 130 * PAGE)
    refused = None
    for _ in range(40):
        if live.post(large(number)).status == 503:
            refused = number
            break
        number += 1
    assert refused is not None
    assert_reads_answer(live, 1)
    assert_sound(live)
    disk.free()
    assert live.post(large(refused)).status == 201
    assert stored(live) == Counter(map(str, range(refused + 1)))
    assert_sound(live)
