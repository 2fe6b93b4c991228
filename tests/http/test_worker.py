"""The worker: threads stay with a busy connection, and idle ones hold no thread."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from service.config import Config
from tests.support.live import PROJECT, LiveService, wait_until

HEALTHZ = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    """A service with few threads, so that a held one shows."""
    live = LiveService(
        tmp_path_factory.mktemp("narrow") / "var", COMPLIANCE_WORKERS="1", COMPLIANCE_THREADS="4"
    )
    try:
        yield live.start()
    finally:
        live.stop()


def connect(service: LiveService) -> socket.socket:
    return socket.create_connection(("127.0.0.1", service.port), timeout=20)


def answered(connection: socket.socket, count: int) -> bytes:
    """The received bytes, up to the end of the last of `count` answers."""
    received = b""
    while received.count(b'{"estado":"vivo"}') < count:
        more = connection.recv(65536)
        assert more, f"closed after {received!r}"
        received += more
    return received


def test_a_kept_alive_connection_serves_several_requests(narrow: LiveService) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", narrow.port, timeout=20)
    for pause in (0, 0, 0.01, 0.1, 0):  # shorter and longer than the thread stays with it
        time.sleep(pause)
        connection.request("GET", "/healthz")
        assert connection.getresponse().read() == b'{"estado":"vivo"}'
    connection.close()


def test_pipelined_requests_are_all_answered(narrow: LiveService) -> None:
    with connect(narrow) as connection:
        connection.sendall(HEALTHZ * 5)
        assert answered(connection, 5).count(b"HTTP/1.1 200 OK") == 5


def test_idle_kept_alive_connections_hold_no_thread(narrow: LiveService) -> None:
    with ExitStack() as open_connections:
        for _ in range(40):
            connection = open_connections.enter_context(connect(narrow))
            connection.sendall(HEALTHZ)
            answered(connection, 1)
        assert narrow.get("/healthz").status == 200, "before the worker would end one of them"


def test_a_closed_connection_logs_no_error(narrow: LiveService) -> None:
    with connect(narrow) as connection:
        connection.sendall(HEALTHZ)
        answered(connection, 1)
    time.sleep(0.1)
    assert narrow.get("/healthz").status == 200
    assert "ERROR" not in narrow.log


def test_stop_does_not_wait_for_kept_alive_connections(tmp_path: Path) -> None:
    """By itself gunicorn waits for the clients to close them."""
    live = LiveService(tmp_path / "var", GUNICORN_CMD_ARGS="--graceful-timeout 600").start()
    with connect(live) as connection:
        connection.sendall(HEALTHZ)
        answered(connection, 1)
        live.stop()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_stop_of_a_worker_that_starts_is_not_lost(tmp_path: Path, when: str) -> None:
    """when: the signal comes before the hook of our settings, or after it."""
    settings = tmp_path / "settings.py"
    calls = ["_signal(worker)", "_ours(server, worker)"]
    settings.write_text(
        f"exec(open({str(PROJECT / 'gunicorn.conf.py')!r}).read())\n"
        "_ours = post_fork\n"
        "def _signal(worker):\n"
        "    if worker.age == 1:\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "def post_fork(server, worker):\n"
        f"    {'; '.join(calls if when == 'before' else reversed(calls))}\n"
    )
    live = LiveService(tmp_path / "var", GUNICORN_CMD_ARGS=f"--config {settings}").start()
    try:
        wait_until(lambda: live.log.count("Booting worker") == Config().workers + 1)
    finally:
        live.stop()


def test_fifty_slow_clients_do_not_block_other_clients(service: LiveService) -> None:
    head = b"POST /servers HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    body = head + b"Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{"
    with ExitStack() as open_connections:
        for number in range(50):
            slow = open_connections.enter_context(connect(service))
            slow.sendall((head, body, b"")[number % 3])
        time.sleep(0.2)
        for _ in range(50):
            assert service.get("/healthz").status == 200
