from __future__ import annotations

import contextlib
import socket
import threading

import pytest

from agent.transport import http_client
from agent.transport.credentials import Credentials
from agent.transport.delivery_error import DeliveryError
from agent.transport.http_client import Answer, ApiClient
from agent.transport.problem_details import explain
from tests.agent.apis import Reply, scripted_api
from tests.support.live import free_port

BODY = b'{"nombre_so":"Linux \xc3\xb1"}'


def post(url: str, *bodies: bytes, **access: str) -> list[Answer]:
    with ApiClient(url, Credentials(**access)) as api:
        return [api.post(body) for body in bodies or (BODY,)]


@pytest.mark.parametrize("status", [200, 201, 400, 401, 408, 429, 500, 503])
def test_reports_are_posted_to_servers_as_json(status: int) -> None:
    with scripted_api(Reply(status, {"Retry-After": "7"}, b"because")) as api:
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
def test_api_address_may_have_a_path(address: str, path: str) -> None:
    with scripted_api(Reply(201)) as api:
        post(api.url + address)
    assert api.requests[0][0] == path


def test_reports_share_one_connection() -> None:
    with scripted_api(*[Reply(status, {}, b"{}") for status in (201, 400, 503, 201)]) as api:
        post(api.url, *[BODY] * 4)
        assert len(api.requests) == 4
        assert api.connections == 1


def test_endless_body_of_a_success_is_not_read() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection, contextlib.suppress(ConnectionError):
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 201 Created\r\n\r\n")
                while True:
                    connection.sendall(b"endless" * 1000)

        thread = threading.Thread(target=answer)
        thread.start()
        [answered] = post(f"http://127.0.0.1:{server.getsockname()[1]}")
        thread.join()
    assert (answered.status, answered.body) == (201, b"")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed_and_their_address_is_logged(status: int) -> None:
    with scripted_api(Reply(201)) as elsewhere, scripted_api() as api:
        api.answers.append(Reply(status, {"Location": elsewhere.url + "/servers"}))
        [answer] = post(api.url)
        assert elsewhere.requests == []
    assert list(explain(answer)) == [
        f"it has moved; set --api to the new address: {elsewhere.url}/servers"
    ]


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
def test_proxy_variables_are_ignored(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_api(Reply(201)) as proxy, scripted_api(Reply(201)) as api:
        monkeypatch.setenv(variable, proxy.url)
        post(api.url)
        assert (len(proxy.requests), len(api.requests)) == (0, 1)


def test_refused_connection_raises_delivery_error() -> None:
    with pytest.raises(DeliveryError, match=r"no connection: Connection refused$"):
        post(f"http://127.0.0.1:{free_port()}")


def test_lost_answer_raises_delivery_error() -> None:
    with scripted_api(Reply(0)) as api, pytest.raises(DeliveryError, match="the connection broke"):
        post(api.url)
    assert len(api.requests) == 1


def test_silent_api_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "ANSWER_SECONDS", 0.1)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(DeliveryError, match=r"no answer within 0\.1 s"),
    ):
        post(f"http://127.0.0.1:{silent.getsockname()[1]}")


@pytest.mark.parametrize(
    "content", [b"SSH-2.0-OpenSSH_9.2\r\n", b"\0" * 100, b"HTTP/1.1 abc\r\n\r\n"]
)
def test_answer_that_is_not_http_raises_delivery_error(content: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:

        def answer() -> None:
            connection, _ = stranger.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(content)

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(DeliveryError, match="the connection broke"):
            post(f"http://127.0.0.1:{stranger.getsockname()[1]}")
        thread.join()


def test_https_to_a_plain_server_raises_delivery_error() -> None:
    with (
        scripted_api() as api,
        pytest.raises(DeliveryError, match=r"https://127.0.0.1:\d+: the connection broke: .*SSL"),
    ):
        post(api.url.replace("http:", "https:"))
