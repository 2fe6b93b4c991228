"""HEAD, on every route that answers GET (RFC 9110, section 9.3.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.app import create_app
from service.config import Config
from tests.support.live import LiveService
from tests.support.reports import report
from tests.support.routes import served_routes
from tests.support.tokens import bearer, make_token

READ_ROUTES = sorted(
    route.path
    for route in served_routes(create_app(Config(data=Path("var"))))
    if any(method.method == "GET" and not method.internal for method in route.methods)
)
OTHER_ROUTES = ("/inscripcion", "/tokens/1", "/salir")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    service = LiveService(tmp_path_factory.mktemp("head") / "var")
    secret = make_token(service.data, "admin")
    try:
        service.start()
        posted = service.request("POST", "/servers", None, bearer(secret))
        assert posted.status == 400
        service.secret = secret  # type: ignore[attr-defined]
        assert service.post(report(1), **bearer(secret)).status == 201
        yield service
    finally:
        service.stop()


def example_of(route: str) -> str:
    return re.sub(r"\{[^{}]*\}", "1", route)


@pytest.mark.parametrize("route", READ_ROUTES)
def test_head_answers_as_get_without_the_body(live: LiveService, route: str) -> None:
    token = bearer(live.secret)  # type: ignore[attr-defined]
    path = example_of(route)
    got, head = (live.request(method, path, headers=token) for method in ("GET", "HEAD"))
    assert head.status == got.status
    assert head.body == b""
    # Pages and packs of evidence say when they were made.
    kind = got.headers.get("content-type", "")
    changes = path in ("/resumen", "/tokens") or "html" in kind or "zip" in kind
    vary = {"date", "etag", "content-length"} if changes else {"date"}
    assert {n: v for n, v in head.headers.items() if n not in vary} == {
        n: v for n, v in got.headers.items() if n not in vary
    }


@pytest.mark.parametrize("route", READ_ROUTES)
def test_head_is_refused_wherever_get_is(live: LiveService, route: str) -> None:
    path = example_of(route)
    got, head = (live.request(method, path) for method in ("GET", "HEAD"))
    assert head.status == got.status


def test_head_with_a_wrong_token_is_refused(live: LiveService) -> None:
    assert live.request("HEAD", "/servers", headers=bearer("ccsi_" + "0" * 36)).status == 401


def test_head_of_the_tokens_needs_the_admin_scope(live: LiveService) -> None:
    reader = bearer(make_token(live.data, "lectura"))
    assert live.request("HEAD", "/tokens", headers=reader).status == 403
    assert live.request("HEAD", "/servers", headers=reader).status == 200


def test_a_cookie_and_a_password_authenticate_head_too(live: LiveService) -> None:
    secret = make_token(live.data, "lectura")
    assert live.request("HEAD", "/servers", headers={"Cookie": f"sesion={secret}"}).status == 200


def test_head_of_a_page_redirects_to_the_sign_in_page(live: LiveService) -> None:
    answer = live.request("HEAD", "/programa?name=sshd")
    assert answer.status == 303
    assert answer.headers["location"].startswith("/entrar?volver=")


def test_head_answers_304_to_a_known_etag(live: LiveService) -> None:
    token = bearer(live.secret)  # type: ignore[attr-defined]
    etag = live.request("GET", "/servers/1", headers=token).headers["etag"]
    answer = live.request("HEAD", "/servers/1", headers=token | {"If-None-Match": etag})
    assert (answer.status, answer.headers["etag"]) == (304, etag)


@pytest.mark.parametrize("path", OTHER_ROUTES)
def test_a_route_without_get_answers_405_and_names_its_methods(
    live: LiveService, path: str
) -> None:
    token = bearer(live.secret)  # type: ignore[attr-defined]
    answer = live.request("HEAD", path, headers=token)
    if path == "/salir":
        assert answer.status in (401, 403, 405)
    else:
        assert answer.status == 405
        assert "HEAD" not in answer.headers["allow"]


@pytest.mark.parametrize("route", READ_ROUTES)
def test_allow_names_head_beside_get(live: LiveService, route: str) -> None:
    token = bearer(live.secret)  # type: ignore[attr-defined]
    allowed = live.request("OPTIONS", example_of(route), headers=token).headers["allow"]
    assert {"GET", "HEAD"} <= set(allowed.split(", "))
