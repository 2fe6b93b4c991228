from __future__ import annotations

import contextlib
import email.utils
import http.server
import re
import socket
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest

from agent import sender
from agent.sender import Answer, Refused, Undelivered, explain, parse_retry_after, pause_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY = b'{"nombre_so":"Linux \xc3\xb1"}'


class Said(NamedTuple):
    """What the API answers once."""

    status: int
    headers: dict[str, str] = {}  # noqa: RUF012 — never changed
    body: bytes = b""


class Api(http.server.ThreadingHTTPServer):
    """A real HTTP server that answers what it is told, and remembers what it was sent."""

    daemon_threads = True

    def __init__(self, answers: list[Said]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = answers
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Api
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((self.path, dict(self.headers), body))
        said = self.server.answers.pop(0)
        if said.status == 0:  # the answer is lost
            self.close_connection = True
            return
        self.send_response(said.status)
        for name, value in {"Content-Length": str(len(said.body)), **said.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(said.body)

    do_GET = do_POST  # noqa: N815 — the name that http.server looks for

    def log_message(self, *_arguments: object) -> None:
        pass


@contextlib.contextmanager
def api_that_says(*answers: Said) -> Iterator[Api]:
    with Api(list(answers)) as api:
        thread = threading.Thread(target=api.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield api
        finally:
            api.shutdown()
            thread.join()


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.mark.parametrize("status", [200, 201])
def test_a_report_is_posted_to_servers_as_json(status: int, pauses: list[float]) -> None:
    with api_that_says(Said(status)) as api:
        assert sender.send(api.url, BODY, pauses.append).status == status
    [(path, headers, body)] = api.requests
    assert path == "/servers"
    assert body == BODY
    assert headers["Content-Type"] == "application/json"
    assert headers["User-Agent"].startswith("compliance-agent/")
    assert pauses == []


@pytest.mark.parametrize(
    ("address", "path"),
    [("", "/servers"), ("/", "/servers"), ("/api", "/api/servers"), ("/api/", "/api/servers")],
)
def test_the_address_may_have_a_path(address: str, path: str) -> None:
    with api_that_says(Said(201)) as api:
        sender.send(api.url + address, BODY)
    assert api.requests[0][0] == path


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 0])
def test_trouble_is_tried_again_until_the_report_is_in(status: int, pauses: list[float]) -> None:
    with api_that_says(Said(status), Said(status), Said(201)) as api:
        assert sender.send(api.url, BODY, pauses.append).status == 201
    assert [body for _, _, body in api.requests] == [BODY] * 3
    assert len(pauses) == 2


def test_trouble_that_does_not_end_is_told_after_the_last_attempt(
    pauses: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    with (
        api_that_says(*[Said(503)] * sender.ATTEMPTS) as api,
        pytest.raises(Undelivered, match=re.escape(f"{api.url} answered 503 Service Unavailable")),
    ):
        sender.send(api.url, BODY, pauses.append)
    assert len(api.requests) == sender.ATTEMPTS
    assert len(pauses) == sender.ATTEMPTS - 1
    assert [record.levelname for record in caplog.records] == ["WARNING"] * len(pauses)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_a_no_is_not_tried_again(status: int, pauses: list[float]) -> None:
    with (
        api_that_says(Said(status)) as api,
        pytest.raises(Refused, match=f"answered {status}"),
    ):
        sender.send(api.url, BODY, pauses.append)
    assert len(api.requests) == 1
    assert pauses == []


def test_the_faults_of_a_refused_report_are_told(pauses: list[float]) -> None:
    problem = b"""{"type": "about:blank", "title": "Bad report", "status": 400, "errors": [
        {"pointer": "/procesos/3/pid", "detail": "expected an integer, got \\"abc\\""},
        {"detail": "expected eight members", "pointer": ""}]}"""
    headers = {"Content-Type": "application/problem+json"}
    with api_that_says(Said(400, headers, problem)) as api, pytest.raises(Refused) as refused:
        sender.send(api.url, BODY, pauses.append)
    assert refused.value.reasons == [
        "Bad report",
        '/procesos/3/pid: expected an integer, got "abc"',
        "expected eight members",
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Bad Request</html>",
        b"\xff\xfe",
        b"[1]",
        b"null",
        b"[" * 50_000,
        b'{"title": 5, "errors": "x"}',
        b'{"cut',
    ],
)
def test_an_answer_that_is_no_problem_document_has_no_reasons(body: bytes) -> None:
    assert list(explain(Answer(400, "Bad Request", None, None, body))) == []


def test_an_answer_cannot_fill_the_log_or_command_the_terminal() -> None:
    body = b'{"title": "a\\u001b[2Jb\\nc", "errors": [%b]}' % b",".join(
        [b'"%b"' % (b"x" * 900)] * 99
    )
    reasons = list(explain(Answer(400, "Bad Request", None, None, body)))
    assert reasons[0] == "a [2Jb c"
    assert reasons[1:] == ["x" * 300] * 10


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_its_address_is_told(
    status: int, pauses: list[float]
) -> None:
    with api_that_says(Said(201)) as elsewhere, api_that_says() as api:
        api.answers.append(Said(status, {"Location": elsewhere.url + "/servers"}))
        with pytest.raises(Refused) as refused:
            sender.send(api.url, BODY, pauses.append)
        assert elsewhere.requests == []
    assert refused.value.reasons == [
        f"it has moved; give --api the new address: {elsewhere.url}/servers"
    ]


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
def test_proxies_of_the_environment_are_not_used(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with api_that_says(Said(201)) as proxy, api_that_says(Said(201)) as api:
        monkeypatch.setenv(variable, proxy.url)
        sender.send(api.url, BODY)
        assert (len(proxy.requests), len(api.requests)) == (0, 1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_refused_connection_is_tried_again_and_told_plainly(pauses: list[float]) -> None:
    with pytest.raises(Undelivered, match=r"no connection: Connection refused$"):
        sender.send(f"http://127.0.0.1:{_free_port()}", BODY, pauses.append)
    assert len(pauses) == sender.ATTEMPTS - 1


def test_an_api_that_comes_back_gets_the_report() -> None:
    port = _free_port()
    servers: list[Api] = []

    def come_back(_seconds: float) -> None:
        server = Api([Said(201)])
        server.server_close()
        server.socket = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=server.handle_request, daemon=True).start()
        servers.append(server)

    try:
        assert sender.send(f"http://127.0.0.1:{port}", BODY, come_back).status == 201
        assert len(servers) == 1
    finally:
        for server in servers:
            server.server_close()


def test_an_api_that_hangs_is_left_after_a_while(
    pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "ANSWER_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        before = time.monotonic()
        with pytest.raises(Undelivered, match=r"no answer within 0\.1 s"):
            sender.send(f"http://127.0.0.1:{silent.getsockname()[1]}", BODY, pauses.append)
        assert time.monotonic() - before < 3
    assert len(pauses) == sender.ATTEMPTS - 1


@pytest.mark.parametrize("said", [b"SSH-2.0-OpenSSH_9.2\r\n", b"\0" * 100, b"HTTP/1.1 abc\r\n\r\n"])
def test_something_that_is_no_api_is_told_plainly(
    said: bytes, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "ATTEMPTS", 1)
    with socket.create_server(("127.0.0.1", 0)) as stranger:

        def answer() -> None:
            connection, _ = stranger.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(said)

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(Undelivered, match="the connection broke"):
            sender.send(f"http://127.0.0.1:{stranger.getsockname()[1]}", BODY, pauses.append)
        thread.join()


def test_https_to_a_server_without_tls_is_told_plainly(
    pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "ATTEMPTS", 1)
    with (
        api_that_says() as api,
        pytest.raises(Undelivered, match=r"https://127.0.0.1:\d+: the connection broke: .*SSL"),
    ):
        sender.send(api.url.replace("http:", "https:"), BODY, pauses.append)


def test_pauses_are_anything_up_to_a_doubling_bound() -> None:
    for attempt, bound in ((1, 1), (2, 2), (3, 4), (20, sender.LONGEST_PAUSE_SECONDS)):
        drawn = [pause_seconds(attempt, None) for _ in range(400)]
        assert all(0 <= seconds <= bound for seconds in drawn)
        assert min(drawn) < bound * 0.1
        assert max(drawn) > bound * 0.9


def test_retry_after_is_waited_for_and_spread() -> None:
    drawn = [pause_seconds(1, "7") for _ in range(100)]
    assert all(7 <= seconds <= 8 for seconds in drawn)
    assert len(set(drawn)) > 50


def test_retry_after_is_bounded() -> None:
    longest = sender.LONGEST_PAUSE_SECONDS
    assert longest <= pause_seconds(1, "86400") <= longest + 1


@pytest.mark.parametrize("text", [None, "", "soon", "-5", "nan", "1e9", "Wed, 99 Foo", "\xb2"])
def test_retry_after_that_is_not_sane_asks_for_nothing(text: str | None) -> None:
    assert parse_retry_after(text) == 0


def test_retry_after_may_be_a_date() -> None:
    date = email.utils.formatdate(time.time() + 30, usegmt=True)
    assert 27 <= parse_retry_after(date) <= 31
    assert parse_retry_after(email.utils.formatdate(time.time() - 30, usegmt=True)) == 0


def test_the_pause_follows_what_the_api_asks_for(pauses: list[float]) -> None:
    with api_that_says(Said(503, {"Retry-After": "9"}), Said(201)) as api:
        sender.send(api.url, BODY, pauses.append)
    assert 9 <= pauses[0] <= 10
