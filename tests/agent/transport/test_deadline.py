"""Answers that never end, by real servers and with a shortened deadline."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.transport import http_client
from agent.transport.credentials import Credentials
from agent.transport.delivery_error import DeliveryError
from agent.transport.http_client import ApiClient
from tests.agent.certificates import Authority
from tests.agent.transport.reports import a_delivery, take

_PAUSE = 0.02
_PARTS = 3000  # a minute of them: far beyond the deadline of the tests


def trickled(head: bytes, part: bytes) -> Iterator[bytes]:
    yield head
    for _ in range(_PARTS):
        yield part


ENDLESS = {
    "status line": (b"HTTP/1.1 201 ", b"C"),
    "headers": (b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nX-A: ", b"b"),
    "100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@contextlib.contextmanager
def trickling_server(
    parts: Callable[[], Iterator[bytes]], certificate: Path | None = None
) -> Iterator[tuple[int, threading.Event]]:
    """A server that sends one part after the other; yields its port and when a client has left."""
    left = threading.Event()

    def serve() -> None:
        connection, _ = server.accept()
        with contextlib.suppress(OSError), connection:
            speaking = connection
            if certificate is not None:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(certificate)
                speaking = context.wrap_socket(connection, server_side=True)
            with speaking:
                speaking.recv(65536)
                for part in parts():
                    speaking.sendall(part)
                    left.wait(_PAUSE)
        left.set()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1], left
        thread.join()


@pytest.fixture(autouse=True)
def short_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "EXCHANGE_SECONDS", 0.5)


@pytest.mark.parametrize("kind", ENDLESS)
def test_answer_that_trickles_ends_at_the_deadline(kind: str) -> None:
    with (
        trickling_server(lambda: trickled(*ENDLESS[kind])) as (port, left),
        ApiClient(f"http://127.0.0.1:{port}", Credentials()) as api,
    ):
        with pytest.raises(DeliveryError, match=r": no complete answer within 0\.5 s$"):
            api.post(b"{}")
        assert left.wait(10), "the connection is still open"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
@pytest.mark.parametrize("kind", ENDLESS)
def test_answer_that_trickles_over_tls_ends_at_the_deadline(kind: str, tmp_path: Path) -> None:
    ours = Authority(tmp_path / "ca")
    trusted = Credentials(ca_file=str(ours.cert))
    with (
        trickling_server(lambda: trickled(*ENDLESS[kind]), ours.issue("api")) as (port, left),
        ApiClient(f"https://127.0.0.1:{port}", trusted) as api,
    ):
        with pytest.raises(DeliveryError, match=r": no complete answer within 0\.5 s$"):
            api.post(b"{}")
        assert left.wait(10), "the connection is still open"


@pytest.mark.parametrize("status", [201, 503])
def test_status_counts_though_the_body_trickles(status: int) -> None:
    head = b"HTTP/1.1 %d Status\r\nContent-Length: 60000\r\n\r\n" % status
    with (
        trickling_server(lambda: trickled(head, b"x")) as (port, _),
        ApiClient(f"http://127.0.0.1:{port}", Credentials()) as api,
    ):
        answer = api.post(b"{}")
        assert answer.status == status
        assert len(answer.body) < _PARTS / 2


def test_report_waits_in_the_spool_and_is_sent_over_a_new_connection(spool_folder: Path) -> None:
    stored = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
    with trickling_server(lambda: trickled(*ENDLESS["100 Continue"])) as (port, _):
        delivery = a_delivery(f"http://127.0.0.1:{port}", spool_folder)
        take(delivery, 1)
        failure = delivery.deliver()
    assert failure is not None
    assert delivery.waiting() == 1
    with trickling_server(lambda: iter([stored])) as (port, _):
        delivery = a_delivery(f"http://127.0.0.1:{port}", spool_folder)
        assert delivery.deliver() is None
    assert delivery.waiting() == 0
