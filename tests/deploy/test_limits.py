"""The limits of nginx for one address, and its timeouts."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.deploy.crowd import BODY, HEAD, HELLO
from tests.deploy.front import Front
from tests.support.live import wait_until

pytestmark = pytest.mark.torture

ASK = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


@pytest.fixture
def come(front: Front) -> Iterator[Callable[[str, bytes], ssl.SSLSocket]]:
    """Connects from an address and sends bytes; all connections end with the test."""
    context = ssl.create_default_context(cafile=str(front.trusted))
    with ExitStack() as connections:

        def connect(source: str, said: bytes) -> ssl.SSLSocket:
            plain = socket.create_connection(("127.0.0.1", front.port), 15, (source, 0))
            connection = context.wrap_socket(plain, server_hostname="127.0.0.1")
            connections.enter_context(connection)
            connection.sendall(said)
            return connection

        yield connect


def read_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def test_140_simultaneous_requests_of_one_address_are_answered(
    come: Callable[[str, bytes], ssl.SSLSocket],
) -> None:
    with ThreadPoolExecutor(140) as agents:
        answers = list(agents.map(lambda _: read_all(come("127.0.2.1", ASK)), range(140)))
    assert {answer[:15] for answer in answers} == {b"HTTP/1.1 200 OK"}


def test_one_address_gets_100_answers_at_once_and_then_50_a_second(
    come: Callable[[str, bytes], ssl.SSLSocket],
) -> None:
    started = time.monotonic()
    with ThreadPoolExecutor(140) as agents:
        list(agents.map(lambda _: read_all(come("127.0.2.5", ASK)), range(140)))
    assert time.monotonic() - started > 0.7


def test_one_address_has_at_most_100_open_requests(
    front: Front, come: Callable[[str, bytes], ssl.SSLSocket]
) -> None:
    slow = [come("127.0.2.2", BODY) for _ in range(105)]
    for connection in slow:
        connection.setblocking(False)
    refused: list[bytes] = []

    def five_refused() -> bool:
        for connection in slow:
            with contextlib.suppress(ssl.SSLWantReadError):
                refused.append(connection.recv(4096))
        return len(refused) >= 5

    wait_until(five_refused, 9)  # after 10 seconds nginx closes them
    assert len(refused) == 5
    for answer in refused:
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"Retry-After: 10\r\n" in answer
        assert b"Content-Type: application/problem+json\r\n" in answer
    assert come("127.0.2.3", ASK).recv(15) == b"HTTP/1.1 200 OK"
    assert front.get("/healthz").status == 200


def test_nginx_closes_stalled_connections_after_ten_seconds(
    front: Front, come: Callable[[str, bytes], ssl.SSLSocket]
) -> None:
    started = time.monotonic()
    waiting: list[socket.socket] = [come("127.0.2.4", said) for said in (HEAD, BODY, b"")]
    with ExitStack() as connections:
        for said in (HELLO, b""):
            plain = socket.create_connection(("127.0.0.1", front.port), timeout=15)
            waiting.append(connections.enter_context(plain))
            plain.sendall(said)
        for connection in waiting:
            assert b"HTTP" not in read_all(connection)
    assert 9 < time.monotonic() - started < 15
