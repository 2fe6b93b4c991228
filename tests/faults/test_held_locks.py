"""Whoever holds a lock for ever: reports are refused in bounded time, and everything else works."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from service.errors import StorageUnavailableError
from service.file_lock import Patience
from tests.support.live import LiveService
from tests.support.reports import report


@contextmanager
def held(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def lock(patience: Patience, path: Path) -> int:
    """The descriptor that holds the lock."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        patience.lock(path, descriptor, patience.ends())
    except BaseException:
        os.close(descriptor)
        raise
    patience.rewarded()
    return descriptor


def test_a_wait_for_a_held_lock_ends(tmp_path: Path) -> None:
    path, patience = tmp_path / "lock", Patience(0.1)
    with held(path):
        for _ in range(3):  # the helper still waits for the first
            with pytest.raises(StorageUnavailableError, match="lock is locked, and stays so"):
                lock(patience, path)
    descriptor = lock(patience, path)
    with pytest.raises(StorageUnavailableError):
        lock(Patience(0.1), path)
    os.close(descriptor)


def test_a_lock_that_becomes_free_is_had_by_each_that_waits(tmp_path: Path) -> None:
    path, patience = tmp_path / "lock", Patience()
    inside: list[int] = []

    def once(number: int) -> None:
        descriptor = lock(patience if number % 2 else Patience(), path)
        inside.append(number)
        assert inside == [number]
        inside.remove(number)
        os.close(descriptor)

    with ThreadPoolExecutor(8) as pool:
        with held(path):
            waiting = [pool.submit(once, number) for number in range(200)]
            time.sleep(0.05)
            assert not any(each.done() for each in waiting)
        for each in waiting:
            each.result()


def test_a_lock_that_was_given_up_is_free_for_others(tmp_path: Path) -> None:
    path, patience = tmp_path / "lock", Patience(0.05)
    with held(path), pytest.raises(StorageUnavailableError):
        lock(patience, path)
    os.close(lock(Patience(), path))  # although the helper of the first got it in between


@pytest.mark.torture
@pytest.mark.parametrize("what", ["lock file", "transaction", "archive"])
def test_a_lock_that_is_held_for_ever_hangs_nothing(fresh_service: LiveService, what: str) -> None:
    live = fresh_service.start()
    assert live.post(report(marca_proc="before")).status == 201
    with ExitStack() as stack:
        if what == "lock file":
            stack.enter_context(held(live.database.with_name("compliance.db.lock")))
        elif what == "archive":
            stack.enter_context(held(next(live.archive.iterdir())))
        else:
            other = stack.enter_context(closing(sqlite3.connect(live.database)))
            other.execute("BEGIN IMMEDIATE")

        def post(number: int) -> tuple[int, float, bool]:
            began = time.monotonic()
            document = report(marca_proc=str(number), ipaddress=f"10.0.{number % 250}.1")
            answer = live.request(
                "POST",
                "/servers",
                json.dumps(document).encode(),
                {"Content-Type": "application/json"},
                60,
            )
            return answer.status, time.monotonic() - began, "retry-after" in answer.headers

        with ThreadPoolExecutor(330) as pool:  # more than there are threads
            posts = [pool.submit(post, number) for number in range(330)]
            time.sleep(12)
            began = time.monotonic()
            assert live.request("GET", "/healthz", timeout=20).status == 200
            assert live.request("GET", "/servers", timeout=20).status == 200
            assert time.monotonic() - began < 10
            answers = [each.result() for each in posts]
        assert {(status, retry) for status, _, retry in answers} == {(503, True)}
        assert max(seconds for _, seconds, _ in answers) < 25, "in two rounds of threads"
        began = time.monotonic()
        assert post(1000)[0] == 503
        assert time.monotonic() - began < 2, "others have waited in vain before"
    assert live.post(report(marca_proc="after")).status == 201
