"""The API behind a real HTTP proxy."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.state.spool import Spool
from agent.transport import http_client
from agent.transport.credentials import Credentials
from agent.transport.delivery import Delivery
from agent.transport.delivery_error import DeliveryError
from agent.transport.http_client import Answer, ApiClient
from tests.agent.apis import Reply, scripted_api
from tests.agent.certificates import Authority, tls_api
from tests.agent.tinyproxy import TinyProxy, needs_tinyproxy, tiny_proxy
from tests.agent.transport.reports import take
from tests.support.live import PROJECT, free_port

pytestmark = needs_tinyproxy

USER, PASSWORD = "agent", "s3cret-word"


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[TinyProxy]:
    with tiny_proxy(tmp_path) as running:
        yield running


@pytest.fixture
def closed_proxy(tmp_path: Path) -> Iterator[TinyProxy]:
    """A proxy that requires credentials."""
    with tiny_proxy(tmp_path, f"BasicAuth {USER} {PASSWORD}") as running:
        yield running


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca") / "ours")


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "proxy-credentials"
    file.write_text(f"{USER}:{PASSWORD}\n", "utf-8")
    return file


def post(url: str, proxy: str, *, times: int = 1, **access: Path | str) -> list[Answer]:
    credentials = Credentials(**{name: str(value) for name, value in access.items()})
    with ApiClient(url, credentials, proxy) as api:
        return [api.post(b"{}") for _ in range(times)]


def test_http_is_forwarded_by_the_proxy(proxy: TinyProxy) -> None:
    with scripted_api(Reply(201), Reply(503)) as api:
        # Each with a connection of its own: tinyproxy closes one when it has answered.
        url = api.url + "/api"
        answers = [post(url, proxy.url, token="t0ken")[0] for _ in range(2)]
    assert [answer.status for answer in answers] == [201, 503]
    assert proxy.requests() == [f"POST {api.url}/api/servers HTTP/1.1"] * 2
    assert [path for path, _, _ in api.requests] == ["/api/servers"] * 2
    assert "Via" in api.requests[0][1]
    assert api.requests[0][1]["Authorization"] == "Bearer t0ken"


def test_https_goes_through_a_tunnel_with_tls_verified_to_the_end(
    ours: Authority, proxy: TinyProxy
) -> None:
    with tls_api(ours.issue("api"), Reply(201), Reply(201)) as api:
        answers = post(api.url, proxy.url, times=2, ca_file=ours.cert, token="t0ken")
    assert [answer.status for answer in answers] == [201, 201]
    # One tunnel for both, in which the proxy sees nothing.
    [request] = proxy.requests()
    connect, _, version = request.rpartition(" HTTP/")
    assert connect == f"CONNECT {api.url.removeprefix('https://')}"
    assert version in {"1.0", "1.1"}  # the latter since Python 3.12
    assert "t0ken" not in proxy.log.read_text("utf-8")
    assert "Via" not in api.requests[0][1]
    assert api.requests[0][1]["Authorization"] == "Bearer t0ken"


def test_api_without_a_trusted_certificate_gets_nothing_through_the_proxy(
    ours: Authority, proxy: TinyProxy, tmp_path: Path
) -> None:
    theirs = Authority(tmp_path / "theirs")
    for cert in (theirs.issue("stranger"), ours.issue("other", "DNS:another.example")):
        with tls_api(cert, Reply(201)) as api:
            with pytest.raises(DeliveryError, match="certificate verify failed"):
                post(api.url, proxy.url, ca_file=ours.cert)
            assert api.requests == []


@pytest.mark.parametrize("tls", [False, True])
def test_credentials_come_from_a_file_and_reach_the_proxy_only(
    tls: bool, ours: Authority, closed_proxy: TinyProxy, secret: Path
) -> None:
    server = tls_api(ours.issue("api"), Reply(201)) if tls else scripted_api(Reply(201))
    with server as api:
        [answer] = post(api.url, closed_proxy.url, ca_file=ours.cert, proxy_file=secret)
        assert answer.status == 201
        assert "Proxy-Authorization" not in api.requests[0][1]


@pytest.mark.parametrize("tls", [False, True])
def test_missing_or_wrong_credentials_deny_access(
    tls: bool, ours: Authority, closed_proxy: TinyProxy, tmp_path: Path, spool_folder: Path
) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text(f"{USER}:s3cret\n", "utf-8")
    server = tls_api(ours.issue("api")) if tls else scripted_api()
    with server as api:
        for file in (None, wrong):
            credentials = Credentials(
                str(ours.cert), proxy_file=None if file is None else str(file)
            )
            client = ApiClient(api.url, credentials, closed_proxy.url)
            delivery = Delivery(client, Spool(str(spool_folder)), 2)
            take(delivery, 1)
            failure = delivery.deliver()
            assert failure is not None
            assert failure.access_denied
            assert "s3cret" not in failure.reason
            assert ("answered 407 " in failure.reason) == (file is None)
        assert api.requests == []
    assert delivery.waiting() == 2


@pytest.mark.parametrize("content", ["", "\n", "user", "user:s3cret\nmore", "user:s3cret\0"])
def test_unusable_credentials_are_reported_without_their_value(
    content: str, tmp_path: Path
) -> None:
    file = tmp_path / "proxy-credentials"
    file.write_text(content, "utf-8")
    with pytest.raises(DeliveryError, match=r"are not USER:PASSWORD in one line$") as raised:
        post("http://127.0.0.1:1", "http://127.0.0.1:1", proxy_file=file)
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_reports_wait_while_the_proxy_cannot_be_reached(scheme: str, spool_folder: Path) -> None:
    proxy = f"http://127.0.0.1:{free_port()}"
    client = ApiClient(f"{scheme}://127.0.0.1:{free_port()}", Credentials(), proxy)
    delivery = Delivery(client, Spool(str(spool_folder)), 2)
    take(delivery, 1)
    failure = delivery.deliver()
    assert failure is not None
    assert f"the proxy {proxy}: no connection: " in failure.reason
    assert delivery.waiting() == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_reports_wait_while_the_proxy_cannot_reach_the_api(
    scheme: str, proxy: TinyProxy, spool_folder: Path
) -> None:
    client = ApiClient(f"{scheme}://127.0.0.1:{free_port()}", Credentials(), proxy.url)
    delivery = Delivery(client, Spool(str(spool_folder)), 2)
    take(delivery, 1)
    failure = delivery.deliver()
    assert failure is not None
    assert "answered 500 Unable to connect" in failure.reason
    assert not failure.access_denied
    assert delivery.waiting() == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_silent_proxy_times_out(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "PROXY_CONNECT_SECONDS", 0.2)
    monkeypatch.setattr(http_client, "ANSWER_SECONDS", 0.2)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(DeliveryError, match=r"no answer within 0\.2 s"),
    ):
        post(f"{scheme}://127.0.0.1:1", f"http://127.0.0.1:{silent.getsockname()[1]}")


@pytest.mark.parametrize(
    "variable", ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
)
@pytest.mark.parametrize("tls", [False, True])
def test_proxy_variables_set_no_proxy(
    variable: str, tls: bool, ours: Authority, proxy: TinyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, proxy.url)
    server = tls_api(ours.issue("api"), Reply(201)) if tls else scripted_api(Reply(201))
    with server as api, ApiClient(api.url, Credentials(str(ours.cert))) as client:
        assert client.post(b"{}").status == 201
    assert proxy.requests() == []


@pytest.mark.parametrize("variable", ["no_proxy", "NO_PROXY"])
def test_no_proxy_variable_does_not_circumvent_the_proxy(
    variable: str, proxy: TinyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "*,127.0.0.1,localhost")
    with scripted_api(Reply(201)) as api:
        post(api.url, proxy.url)
    assert len(proxy.requests()) == 1


def test_agent_reports_through_the_proxy_of_its_settings(
    ours: Authority, closed_proxy: TinyProxy, secret: Path, tmp_path: Path
) -> None:
    config = tmp_path / "agent.ini"
    config.write_text(
        f"[agent]\nca_file = {ours.cert}\nproxy = {closed_proxy.url}\n"
        f"proxy_credentials_file = {secret}\n",
        "utf-8",
    )
    command = [sys.executable, "-W", "error", "-m", "agent"]
    with tls_api(ours.issue("api"), Reply(201)) as api:
        done = subprocess.run(
            [*command, "--api", api.url, "--config", str(config)],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        assert len(api.requests) == 1
    assert PASSWORD not in done.stderr
    assert len(closed_proxy.requests()) == 1
