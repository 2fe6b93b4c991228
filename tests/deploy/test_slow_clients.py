"""Hundreds of slow clients, and the service to other clients meanwhile."""

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

pytestmark = pytest.mark.torture


def ask(service: LiveService, number: int) -> float:
    """Posts a report, or reads. Returns the seconds until the answer."""
    started = time.monotonic()
    answer = service.post(report(number % 1000)) if number % 2 else service.get("/healthz")
    assert answer.status in {200, 201}, answer
    return time.monotonic() - started


def all_are_answered(service: LiveService, count: int = 100) -> None:
    """Normal clients, four at a time; none reaches its timeout."""
    with ThreadPoolExecutor(4) as clients:
        list(clients.map(partial(ask, service), range(count)))


def all_are_answered_soon(service: LiveService, seconds: float) -> None:
    """For so many seconds, each answer within one second."""
    took: list[float] = []
    ends = time.monotonic() + seconds
    with ThreadPoolExecutor(4) as clients:
        while time.monotonic() < ends:
            took += clients.map(partial(ask, service), range(len(took), len(took) + 20))
    p99 = sorted(took)[math.ceil(len(took) * 0.99) - 1]
    print(f"{len(took)} answers, p99 {p99:.3f} s")  # noqa: T201 — shown by -s
    assert p99 < 1


KINDS = ("heads", "bodies", "idlers", "kept", "handshakes")


def test_100_slow_connections_to_nginx_block_no_client(front: Front) -> None:
    with crowd(front.port, 20, *KINDS, tls=True, token=front.token):
        all_are_answered(front)


def test_500_slow_connections_to_nginx_delay_no_client(front: Front) -> None:
    with crowd(front.port, 100, *KINDS, tls=True, token=front.token):
        all_are_answered_soon(front, 30)  # three times the timeouts of nginx


def test_50_slow_clients_of_each_kind_block_no_client_without_nginx(service: LiveService) -> None:
    with crowd(service.port, 50, "heads", "bodies", "idlers"):
        all_are_answered(service)


def test_50_slow_clients_of_each_kind_delay_no_client_for_45_seconds(service: LiveService) -> None:
    with crowd(service.port, 50, "heads", "bodies", "idlers"):
        all_are_answered_soon(service, 45)


# --- workers ---


def test_a_worker_with_busy_threads_leaves_new_connections_to_others(tmp_path: Path) -> None:
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
    """A service with two threads; a request has 2 s for its head and 2 s for the rest."""
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


def test_an_unfinished_head_has_a_deadline(hasty: LiveService) -> None:
    with ExitStack() as connections:
        slow = [connections.enter_context(connect(hasty)) for _ in range(2)]
        for connection in slow:
            connection.sendall(b"GET /healthz HTTP/1.1\r\n")
        assert hasty.get("/healthz").status == 200
        assert [connection.recv(100) for connection in slow] == [b"", b""]


def test_an_unfinished_body_has_a_deadline_and_is_answered(hasty: LiveService) -> None:
    with ExitStack() as connections:
        slow = [connections.enter_context(connect(hasty)) for _ in range(2)]
        for connection in slow:
            connection.sendall(
                b"POST /servers HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n{"
            )
        assert hasty.get("/healthz").status == 200
        for connection in slow:
            assert connection.recv(100).startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_an_unread_answer_has_a_deadline(hasty: LiveService) -> None:
    with ExitStack() as connections:
        for _ in range(2):
            slow = connections.enter_context(connect(hasty))
            slow.settimeout(0.3)
            with pytest.raises(TimeoutError):  # more than both socket buffers hold
                slow.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 100_000)
        assert hasty.get("/healthz").status == 200


def test_half_closed_connections_block_no_client(service: LiveService) -> None:
    with ExitStack() as connections:
        for _ in range(60):
            rude = connections.enter_context(connect(service))
            rude.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        all_are_answered(service)


def test_more_connections_than_open_files_end_no_worker(tmp_path: Path) -> None:
    """Most shells allow 1,024 open files; 100 here, for speed."""
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
