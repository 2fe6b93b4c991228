from __future__ import annotations

import contextlib
import email.utils
import http.server
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from agent.transport import http_client as sender
from agent.transport.http_client import (
    Access,
    Answer,
    Undelivered,
    explain,
    names_fault_at,
    parse_retry_after,
    pause_seconds,
)
from agent.transport.http_client import Api as Connection
from tests.support.live import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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
        self.connections = 0
        self.url = f"http://127.0.0.1:{self.server_port}"

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        super().process_request(request, client_address)


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


def post(url: str, *bodies: bytes, **access: str) -> list[Answer]:
    with Connection(url, Access(**access)) as api:
        return [api.post(body) for body in bodies or (BODY,)]


@pytest.mark.parametrize("status", [200, 201, 400, 401, 408, 429, 500, 503])
def test_a_report_is_posted_to_servers_as_json(status: int) -> None:
    with api_that_says(Said(status, {"Retry-After": "7"}, b"because")) as api:
        [answer] = post(api.url)
    [(path, headers, body)] = api.requests
    assert path == "/servers"
    assert body == BODY
    assert headers["Content-Type"] == "application/json"
    assert headers["User-Agent"].startswith("compliance-agent/")
    assert "Authorization" not in headers
    assert (answer.status, answer.retry_after, answer.body) == (status, "7", b"because")


@pytest.mark.parametrize(
    ("address", "path"),
    [("", "/servers"), ("/", "/servers"), ("/api", "/api/servers"), ("/api/", "/api/servers")],
)
def test_the_address_may_have_a_path(address: str, path: str) -> None:
    with api_that_says(Said(201)) as api:
        post(api.url + address)
    assert api.requests[0][0] == path


def test_reports_share_a_connection() -> None:
    with api_that_says(*[Said(status, {}, b"{}") for status in (201, 400, 503, 201)]) as api:
        post(api.url, *[BODY] * 4)
        assert len(api.requests) == 4
        assert api.connections == 1


def test_an_answer_that_never_ends_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 201 Created\r\n\r\nendless")
                over.wait(10)

        over = threading.Event()
        thread = threading.Thread(target=answer)
        thread.start()
        before = time.monotonic()
        assert post(f"http://127.0.0.1:{server.getsockname()[1]}")[0].status == 201
        assert time.monotonic() - before < 5
        over.set()
        thread.join()


def test_the_faults_of_a_refused_report_are_told() -> None:
    problem = b"""{"type": "about:blank", "title": "Bad report", "status": 400, "errors": [
        {"pointer": "/procesos/3/pid", "detail": "expected an integer, got \\"abc\\""},
        {"detail": "expected eight members", "pointer": ""}]}"""
    answer = _problem(problem)
    assert list(explain(answer)) == [
        "Bad report",
        '/procesos/3/pid: expected an integer, got "abc"',
        "expected eight members",
    ]
    assert names_fault_at("/procesos/3/pid", answer)
    assert not names_fault_at("/procesos/3", answer)
    assert not names_fault_at("/procesos/3/pid", _problem(problem[:-1]))


def _problem(body: bytes, status: int = 400) -> Answer:
    return Answer(status, "Bad Request", None, None, "application/problem+json", body)


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
    assert list(explain(_problem(body))) == []


def test_an_answer_cannot_fill_the_log_or_command_the_terminal() -> None:
    body = b'{"title": "a\\u001b[2Jb\\nc", "errors": [%b]}' % b",".join(
        [b'"%b"' % (b"x" * 900)] * 99
    )
    reasons = list(explain(_problem(body)))
    assert reasons[0] == "a [2Jb c"
    assert reasons[1:] == ["x" * 300] * 10


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_its_address_is_told(status: int) -> None:
    with api_that_says(Said(201)) as elsewhere, api_that_says() as api:
        api.answers.append(Said(status, {"Location": elsewhere.url + "/servers"}))
        [answer] = post(api.url)
        assert elsewhere.requests == []
    assert list(explain(answer)) == [
        f"it has moved; give --api the new address: {elsewhere.url}/servers"
    ]


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
def test_proxies_of_the_environment_are_not_used(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with api_that_says(Said(201)) as proxy, api_that_says(Said(201)) as api:
        monkeypatch.setenv(variable, proxy.url)
        post(api.url)
        assert (len(proxy.requests), len(api.requests)) == (0, 1)


def test_a_refused_connection_is_told_plainly() -> None:
    with pytest.raises(Undelivered, match=r"no connection: Connection refused$"):
        post(f"http://127.0.0.1:{free_port()}")


def test_a_lost_answer_is_no_answer() -> None:
    with api_that_says(Said(0)) as api, pytest.raises(Undelivered, match="the connection broke"):
        post(api.url)
    assert len(api.requests) == 1


def test_an_api_that_hangs_is_left_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "ANSWER_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        before = time.monotonic()
        with pytest.raises(Undelivered, match=r"no answer within 0\.1 s"):
            post(f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert time.monotonic() - before < 3


@pytest.mark.parametrize("said", [b"SSH-2.0-OpenSSH_9.2\r\n", b"\0" * 100, b"HTTP/1.1 abc\r\n\r\n"])
def test_something_that_is_no_api_is_told_plainly(said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:

        def answer() -> None:
            connection, _ = stranger.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(said)

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(Undelivered, match="the connection broke"):
            post(f"http://127.0.0.1:{stranger.getsockname()[1]}")
        thread.join()


def test_https_to_a_server_without_tls_is_told_plainly() -> None:
    with (
        api_that_says() as api,
        pytest.raises(Undelivered, match=r"https://127.0.0.1:\d+: the connection broke: .*SSL"),
    ):
        post(api.url.replace("http:", "https:"))


def test_a_token_is_sent_from_its_file_which_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first.T0ken-_~+/=\n", "utf-8")
    with api_that_says(Said(201), Said(201), Said(201)) as api:
        connection = Connection(api.url, Access(token_file=str(file), token="weaker"))
        for token in ("first.T0ken-_~+/=", "second"):
            file.write_text(token + "\n", "utf-8")
            with connection:
                connection.post(BODY)
            assert api.requests[-1][1]["Authorization"] == f"Bearer {token}"
        post(api.url, token="from-the-environment")
        assert api.requests[-1][1]["Authorization"] == "Bearer from-the-environment"


@pytest.mark.parametrize(
    "token", ["", " \n", "two\nlines", "s3cret\x00", "s3cret-ñ", "s3cret\ttab"]
)
def test_a_token_that_cannot_be_sent_is_told_and_never_shown(token: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(token, "utf-8")
    with pytest.raises(Undelivered, match="is not one line of printable ASCII") as told:
        post("http://127.0.0.1:9", token_file=str(file))
    assert "s3cret" not in str(told.value)
    file.unlink()
    with pytest.raises(Undelivered, match="token: No such file"):
        post("http://127.0.0.1:9", token_file=str(file))


def test_pauses_are_anything_up_to_a_doubling_bound() -> None:
    for attempt, bound in ((1, 1), (2, 2), (3, 4), (9, 256), (10, 300), (10_000, 300)):
        drawn = [pause_seconds(attempt, None) for _ in range(400)]
        assert all(0 <= seconds <= bound for seconds in drawn)
        assert min(drawn) < bound * 0.1
        assert max(drawn) > bound * 0.9


def test_retry_after_is_waited_for_and_spread() -> None:
    drawn = [pause_seconds(1, "7") for _ in range(100)]
    assert all(7 <= seconds <= 8 for seconds in drawn)
    assert len(set(drawn)) > 50


def test_retry_after_is_bounded() -> None:
    longest = sender.LONGEST_RETRY_AFTER_SECONDS
    assert longest <= pause_seconds(1, "86400") <= longest + 1


@pytest.mark.parametrize("text", [None, "", "soon", "-5", "nan", "1e9", "Wed, 99 Foo", "\xb2"])
def test_retry_after_that_is_not_sane_asks_for_nothing(text: str | None) -> None:
    assert parse_retry_after(text) == 0


def test_retry_after_may_be_a_date() -> None:
    date = email.utils.formatdate(time.time() + 30, usegmt=True)
    assert 27 <= parse_retry_after(date) <= 31
    assert parse_retry_after(email.utils.formatdate(time.time() - 30, usegmt=True)) == 0
