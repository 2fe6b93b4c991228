"""Spoofed forwarding headers of a client change nothing."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

import pytest

from tests.deploy.front import Front, GuardedService
from tests.support.live import Answer
from tests.support.reports import report

pytestmark = pytest.mark.torture

CLIENT = "127.0.0.7"

SPOOFED = {
    "X-Forwarded-For": "10.9.9.9",
    "X-Forwarded-For, a list": "10.9.9.9, 127.0.0.1",
    "X-Forwarded-For, rubbish": "127.0.0.1;<script>",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Proto, back": "http",
    "X-Forwarded-Protocol": "ssl",
    "X-Forwarded-Ssl": "on",
    "X-Forwarded-Ssl, back": "off",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "1",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Server": "evil.example",
    "X-Real-IP": "10.9.9.9",
    "X-Client-IP": "10.9.9.9",
    "Client-IP": "10.9.9.9",
    "True-Client-IP": "10.9.9.9",
    "Via": "1.1 evil.example",
    "Forwarded": "for=10.9.9.9;proto=http;host=evil.example",
    "X-Original-URL": "/tokens",
    "X-Rewrite-URL": "/tokens",
    "X-HTTP-Method-Override": "DELETE",
    "SCRIPT_NAME": "/evil",
    "Script-Name": "/evil",
    "PATH_INFO": "/tokens",
    "Path-Info": "/tokens",
    "REMOTE_ADDR": "10.9.9.9",
    "Remote-Addr": "10.9.9.9",
    "X_Forwarded_For": "10.9.9.9",
    "HTTP_HOST": "evil.example",
    "Proxy": "http://evil.example",
    "Connection": "X-Forwarded-For, X-Forwarded-Proto, Authorization, Host",
}

PATHS = ("/", "/servers?limit=1")

CHANGING = {"date", "etag", "connection"}  # from one answer to the next
_CLOCK = re.compile(r"\d\d:\d\d:\d\d")


def ask(service: GuardedService, path: str, source: str = CLIENT, **headers: str) -> Answer:
    """The answer to a client at this address."""
    connection = service.connection(5)
    connection.source_address = (source, 0)  # type: ignore[attr-defined]  # typeshed lacks it
    shown = {"Authorization": f"Bearer {service.token}"}
    try:
        connection.request("GET", path, headers=shown | headers)
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, names, response.read())
    finally:
        connection.close()


@functools.cache
def usual_answers(service: GuardedService) -> list[object]:
    return all_answers(service)


def all_answers(service: GuardedService, name: str | None = None) -> list[object]:
    """All answers and audit entries, without the time."""
    headers = {} if name is None else {name.partition(",")[0]: SPOOFED[name]}
    before = len(service.audited)
    shown: list[object] = []
    for path in PATHS:
        answer = ask(service, path, **headers)
        stable = {k: v for k, v in answer.headers.items() if k not in CHANGING}
        shown.append((answer.status, stable, _CLOCK.sub("", answer.body.decode())))
    return [*shown, [line["source"] for line in service.audited[before:]]]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedService]:
    """A service that believes no proxy."""
    live = GuardedService(tmp_path_factory.mktemp("alone") / "var")
    live.token = live.make_token("admin")
    try:
        yield live.start()
    finally:
        live.stop()


@pytest.fixture(params=["empty_front", "empty_behind", "alone"])
def target(request: pytest.FixtureRequest) -> GuardedService:
    """nginx; a service that trusts 127.0.0.1, which is no client here; one that trusts none."""
    service: GuardedService = request.getfixturevalue(request.param)
    return service


@pytest.mark.parametrize("name", sorted(SPOOFED))
def test_a_spoofed_header_changes_nothing(target: GuardedService, name: str) -> None:
    assert all_answers(target, name) == usual_answers(target)
    assert usual_answers(target)[-1] == [CLIENT] * len(PATHS)


def test_nginx_forwards_the_address_and_scheme_of_a_client(empty_front: Front) -> None:
    before = len(empty_front.audited)
    for source in ("127.0.0.8", "127.0.0.9"):
        page = ask(empty_front, "/", source).body.decode()
        assert f"https://127.0.0.1:{empty_front.port}" in page
    assert [line["source"] for line in empty_front.audited[before:]] == ["127.0.0.8", "127.0.0.9"]


def test_without_nginx_the_scheme_is_http(alone: GuardedService) -> None:
    assert f"http://127.0.0.1:{alone.port}" in ask(alone, "/").body.decode()


def test_only_configured_proxies_are_believed(
    empty_behind: GuardedService,
) -> None:
    before = len(empty_behind.audited)
    for source in ("127.0.0.1", "127.0.0.2"):
        ask(empty_behind, "/servers", source, **{"X-Forwarded-For": "10.1.1.1, 10.2.2.2"})
    assert [line["source"] for line in empty_behind.audited[before:]] == ["10.2.2.2", "127.0.0.2"]


@pytest.mark.parametrize("name", ["SCRIPT_NAME", "PATH_INFO", "X-Forwarded-Ssl", "Forwarded"])
def test_a_proxy_is_believed_in_x_forwarded_for_only(
    empty_behind: GuardedService, name: str
) -> None:
    answers = [
        ask(empty_behind, "/", "127.0.0.1", **headers) for headers in ({}, {name: SPOOFED[name]})
    ]
    assert len({(answer.status, _CLOCK.sub("", answer.body.decode())) for answer in answers}) == 1


def test_the_location_of_a_record_ignores_spoofed_headers(front: Front) -> None:
    plain = front.post(report(6000))
    spoofed = front.post(report(6000), X_Forwarded_Host="evil.example", X_Forwarded_Proto="http")
    assert (plain.status, spoofed.status) == (201, 200)
    assert (
        plain.headers["location"]
        == spoofed.headers["location"]
        == (f"/servers/{plain.json()['id_serv']}")
    )
