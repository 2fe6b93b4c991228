"""What nginx lets one source do, and how long it waits for anybody."""

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

ASK = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


@pytest.fixture
def come(front: Front) -> Iterator[Callable[[str, bytes], ssl.SSLSocket]]:
    """Connects from an address, and says something; all connections end with the test."""
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


def test_an_office_that_wakes_at_once_is_all_answered(
    come: Callable[[str, bytes], ssl.SSLSocket],
) -> None:
    with ThreadPoolExecutor(140) as agents:
        answers = list(agents.map(lambda _: read_all(come("127.0.2.1", ASK)), range(140)))
    assert {answer[:15] for answer in answers} == {b"HTTP/1.1 200 OK"}


@pytest.mark.torture
def test_one_source_gets_100_answers_at_once_and_then_50_a_second(
    come: Callable[[str, bytes], ssl.SSLSocket],
) -> None:
    started = time.monotonic()
    with ThreadPoolExecutor(140) as agents:
        list(agents.map(lambda _: read_all(come("127.0.2.5", ASK)), range(140)))
    assert time.monotonic() - started > 0.7


def test_one_source_cannot_have_more_than_100_requests_open(
    front: Front, come: Callable[[str, bytes], ssl.SSLSocket]
) -> None:
    slow = [come("127.0.2.2", BODY) for _ in range(105)]
    for connection in slow:
        connection.setblocking(False)
    told: list[bytes] = []

    def are_told() -> bool:
        for connection in slow:
            with contextlib.suppress(ssl.SSLWantReadError):
                told.append(connection.recv(4096))
        return len(told) >= 5

    wait_until(are_told, 9)  # after 10 seconds nginx waits for none of them any longer
    assert len(told) == 5
    for answer in told:
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"Retry-After: 10\r\n" in answer
        assert b"Content-Type: application/problem+json\r\n" in answer
    assert come("127.0.2.3", ASK).recv(15) == b"HTTP/1.1 200 OK"
    assert front.get("/healthz").status == 200


@pytest.mark.torture
def test_those_who_say_no_more_are_waited_for_ten_seconds(
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
