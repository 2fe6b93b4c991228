"""Slow clients by the hundred, and how those fare that are not."""

from __future__ import annotations

import math
import resource
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from tests.deploy.crowd import crowd
from tests.deploy.front import Front
from tests.http.test_worker import connect
from tests.support.live import LiveService
from tests.support.reports import report


def ask(service: LiveService, number: int) -> float:
    """An agent reports, or a reader asks. Returns how many seconds it took to be answered."""
    started = time.monotonic()
    answer = service.post(report(number % 1000)) if number % 2 else service.get("/healthz")
    assert answer.status in {200, 201}, answer
    return time.monotonic() - started


def all_are_answered(service: LiveService, count: int = 100) -> None:
    """Clients that do nothing wrong, four at a time; none waits until it gives up."""
    with ThreadPoolExecutor(4) as clients:
        list(clients.map(partial(ask, service), range(count)))


def all_are_answered_soon(service: LiveService, seconds: float) -> None:
    """And again and again for so many seconds, within one of them each."""
    took: list[float] = []
    ends = time.monotonic() + seconds
    with ThreadPoolExecutor(4) as clients:
        while time.monotonic() < ends:
            took += clients.map(partial(ask, service), range(len(took), len(took) + 20))
    p99 = sorted(took)[math.ceil(len(took) * 0.99) - 1]
    print(f"{len(took)} answers, p99 {p99:.3f} s")  # noqa: T201 — shown by -s
    assert p99 < 1


KINDS = ("heads", "bodies", "idlers", "kept", "handshakes")


def test_100_slow_connections_to_the_front_hurt_nobody(front: Front) -> None:
    with crowd(front.port, 20, *KINDS, tls=True, token=front.token):
        all_are_answered(front)


@pytest.mark.torture
def test_500_slow_connections_to_the_front_hurt_nobody(front: Front) -> None:
    with crowd(front.port, 100, *KINDS, tls=True, token=front.token):
        all_are_answered_soon(front, 30)  # three times as long as the front bears them


def test_50_slow_clients_of_each_kind_hurt_nobody_without_a_front(service: LiveService) -> None:
    with crowd(service.port, 50, "heads", "bodies", "idlers"):
        all_are_answered(service)


@pytest.mark.torture
def test_they_hurt_nobody_for_as_long_as_they_stay(service: LiveService) -> None:
    with crowd(service.port, 50, "heads", "bodies", "idlers"):
        all_are_answered_soon(service, 45)


# --- workers ---


def test_a_worker_whose_threads_are_held_leaves_new_clients_to_others(tmp_path: Path) -> None:
    live = LiveService(tmp_path / "var", COMPLIANCE_WORKERS="2", COMPLIANCE_THREADS="8")
    try:
        live.start()
        with ExitStack() as connections:
            for _ in range(14):  # of 16 threads
                connections.enter_context(connect(live)).sendall(b"GET /healthz HTTP/1.1\r\n")
            for _ in range(30):
                assert live.get("/healthz").status == 200
    finally:
        live.kill()


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    """A service of two threads that gives each request 2 s for its head and 2 s for all else."""
    live = LiveService(
        tmp_path_factory.mktemp("hasty") / "var",
        COMPLIANCE_WORKERS="1",
        COMPLIANCE_THREADS="2",
        GUNICORN_CMD_ARGS="--worker-class tests.deploy.hasty.HastyWorker",
    )
    try:
        yield live.start()
    finally:
        live.stop()


def test_a_head_that_does_not_end_is_not_waited_for(hasty: LiveService) -> None:
    with ExitStack() as connections:
        slow = [connections.enter_context(connect(hasty)) for _ in range(2)]
        for connection in slow:
            connection.sendall(b"GET /healthz HTTP/1.1\r\n")
        assert hasty.get("/healthz").status == 200
        assert [connection.recv(100) for connection in slow] == [b"", b""]


def test_a_body_that_does_not_end_is_answered_and_not_waited_for(hasty: LiveService) -> None:
    with ExitStack() as connections:
        slow = [connections.enter_context(connect(hasty)) for _ in range(2)]
        for connection in slow:
            connection.sendall(
                b"POST /servers HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n{"
            )
        assert hasty.get("/healthz").status == 200
        for connection in slow:
            assert connection.recv(100).startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_an_answer_that_is_not_read_is_not_waited_for(hasty: LiveService) -> None:
    with ExitStack() as connections:
        for _ in range(2):
            slow = connections.enter_context(connect(hasty))
            slow.settimeout(0.3)
            with pytest.raises(TimeoutError):  # more than what systems hold for the two of us
                slow.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 100_000)
        assert hasty.get("/healthz").status == 200


def test_clients_that_do_not_close_their_end_stop_nobody(service: LiveService) -> None:
    with ExitStack() as connections:
        for _ in range(60):
            rude = connections.enter_context(connect(service))
            rude.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        all_are_answered(service)


def test_more_connections_than_files_were_allowed_end_no_worker(tmp_path: Path) -> None:
    """Where a shell allows 1,024 files, as most do; here it is fewer, to be quick."""
    live = LiveService(tmp_path / "var", COMPLIANCE_WORKERS="1", COMPLIANCE_THREADS="4")
    try:
        allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, allowed[1]))
        try:
            live.start()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, allowed)
        (worker,) = live.worker_pids()
        with ExitStack() as connections:
            for _ in range(150):
                connections.enter_context(connect(live))
            assert live.get("/healthz").status == 200
        assert live.worker_pids() == [worker]
    finally:
        live.stop()
