"""TLS, ended by the shipped nginx or by the service itself."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.agent.certificates import Authority
from tests.agent.trees import write_file, write_process
from tests.deploy.crowd import HELLO
from tests.deploy.front import TlsService
from tests.support.live import PATIENCE, PROJECT
from tests.support.reports import report

pytestmark = pytest.mark.torture

HEALTHZ = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
ALIVE = b'{"estado":"vivo"}'


@pytest.fixture(params=["front", "by_itself"])
def secured(request: pytest.FixtureRequest) -> TlsService:
    service: TlsService = request.getfixturevalue(request.param)
    return service


def connect(service: TlsService) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=str(service.trusted))
    plain = socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE)
    return context.wrap_socket(plain, server_hostname="127.0.0.1")


def answered(connection: socket.socket, count: int) -> bytes:
    received = b""
    while received.count(ALIVE) < count:
        more = connection.recv(65536)
        assert more, f"closed after {received!r}"
        received += more
    return received


def test_a_connection_is_kept_alive_over_pauses(secured: TlsService) -> None:
    with connect(secured) as connection:
        for pause in (0, 0, 0.01, 0.1, 0):
            time.sleep(pause)
            connection.sendall(HEALTHZ)
            answered(connection, 1)


def test_requests_of_one_record_are_all_answered(secured: TlsService) -> None:
    padded = HEALTHZ.replace(b"\r\n\r\n", b"\r\nX-Long: %s\r\n\r\n" % (b"x" * 4000))
    with connect(secured) as connection:
        connection.sendall(padded * 4)  # of 16 KB, of which gunicorn reads 8 at a time
        assert answered(connection, 4).count(b"HTTP/1.1 200 OK") == 4


def test_a_request_at_the_end_of_a_read_does_not_hide_the_next_one(
    secured: TlsService,
) -> None:
    padded = HEALTHZ.replace(b"\r\n\r\n", b"\r\nX-Long: \r\n\r\n")
    padded = padded.replace(b"Long: ", b"Long: " + b"x" * (4096 - len(padded)))
    with connect(secured) as connection:
        connection.sendall(padded * 4)
        assert answered(connection, 4).count(b"HTTP/1.1 200 OK") == 4


def test_a_large_report_is_read_completely(secured: TlsService) -> None:
    document = report(2)
    document["procesos"] = [
        {"pid": pid, "name": "x" * 200, "username": "root"} for pid in range(30_000)
    ]
    body = json.dumps(document).encode()
    assert len(body) > 7_000_000
    assert secured.post(body).status in {200, 201}
    assert secured.post(b" " * 8_000_000).status == 400


def test_stalled_handshakes_block_no_other_client(secured: TlsService) -> None:
    with ExitStack() as connections:
        for number in range(20):
            begun = socket.create_connection(("127.0.0.1", secured.port), timeout=PATIENCE)
            connections.enter_context(begun)
            begun.sendall(HELLO if number < 3 else b"")  # 3 of its 4 threads
        for _ in range(5):
            # Before the worker gives up on the handshakes.
            assert secured.request("GET", "/healthz", timeout=15).status == 200


def test_plain_http_on_the_tls_port_gets_400(secured: TlsService) -> None:
    with socket.create_connection(("127.0.0.1", secured.port), timeout=PATIENCE) as plain:
        plain.sendall(HEALTHZ)
        answer = b"".join(iter(lambda: plain.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"Content-Type: application/problem+json\r\n" in answer
    assert b"TLS" in answer or b"HTTPS" in answer


def test_bytes_that_are_neither_tls_nor_http_close_the_connection(secured: TlsService) -> None:
    with socket.create_connection(("127.0.0.1", secured.port), timeout=PATIENCE) as plain:
        plain.sendall(b"\x00\xff" * 100)
        received = b"".join(iter(lambda: plain.recv(4096), b""))
    assert b"200 OK" not in received
    assert secured.get("/healthz").status == 200
    assert "Traceback" not in secured.log


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine of one process."""
    tree = tmp_path / "root"
    write_process(tree / "proc", 1, "init")
    write_file(tree, "/proc/stat", "btime 1795403120\n")
    write_file(tree, "/etc/os-release", "NAME=Void\nVERSION_ID=1\n")
    return tree


def test_a_renewed_certificate_is_used_at_once(
    by_itself: TlsService, authority: Authority, certificate: Path
) -> None:
    with connect(by_itself) as connection:
        before = connection.getpeercert()
    certificate.write_bytes(authority.issue("renewed").read_bytes())
    with connect(by_itself) as connection:
        assert connection.getpeercert() != before


def test_an_agent_delivers_over_tls(secured: TlsService, root: Path, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(secured.token or "unused", encoding="ascii")
    command = [sys.executable, "-m", "agent", "--api", secured.url, "--rootfs", str(root)]
    command += ["--ca-file", str(secured.trusted), "--token-file", str(token)]
    command += ["--spool", str(tmp_path / "spool"), "--once"]
    done = subprocess.run(
        command, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert secured.get("/servers?nombre_so=Void").json()["servers"], done.stderr
