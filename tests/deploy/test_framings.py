"""Request smuggling: one request is one request, with nginx in front and without."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl

import pytest

from tests.deploy.framings import framings, inner
from tests.deploy.front import Front, GuardedService

NAMES = sorted(framings(""))


def all_answers(service: GuardedService, sent: bytes) -> list[int]:
    """The status of every answer to these bytes, until the connection ends or no more comes."""
    received = b""
    with contextlib.ExitStack() as open_connections:
        plain = socket.create_connection(("127.0.0.1", service.port), timeout=5)
        connection = open_connections.enter_context(plain)
        if isinstance(service, Front):
            context = ssl.create_default_context(cafile=str(service.trusted))
            connection = open_connections.enter_context(
                context.wrap_socket(plain, server_hostname="127.0.0.1")
            )
        connection.sendall(sent)
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while more := connection.recv(65536):
                received += more
                connection.settimeout(0.1)  # for a second answer
    # A request line of two words is HTTP/0.9, whose answer has its status in the body only.
    lines = rb"HTTP/1\.[01] (\d{3}) " if received.startswith(b"HTTP/") else rb'"status":(\d+)'
    return [int(status) for status in re.findall(lines, received)]


@pytest.fixture(params=["empty_front", "empty_behind"])
def target(request: pytest.FixtureRequest) -> GuardedService:
    service: GuardedService = request.getfixturevalue(request.param)
    return service


@pytest.mark.parametrize("name", NAMES)
def test_one_request_has_one_answer_which_is_400(target: GuardedService, name: str) -> None:
    assert all_answers(target, framings(target.token)[name]) == [400]
    assert target.rows("SELECT count(*) FROM report") == [(0,)]
    assert [path.read_bytes() for path in target.archive.iterdir()] == []


def test_ambiguous_framings_cause_no_internal_error(
    target: GuardedService, empty_behind: GuardedService
) -> None:
    assert target.get("/healthz").status == 200
    assert "Traceback" not in empty_behind.log
    assert " 500 " not in empty_behind.log


def test_the_hidden_request_alone_would_be_stored(front: Front) -> None:
    for target in (front, front.behind):
        assert all_answers(target, inner(target.token)) in ([201], [200])
