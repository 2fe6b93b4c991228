"""/entrar and /salir: signing in with a token, and signing out."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from html import escape
from urllib.parse import quote

import pytest

from tests.support.live import Answer, LiveService
from tests.support.reports import report
from tests.support.tokens import make_token


@pytest.fixture(scope="module")
def closed(service: LiveService) -> LiveService:
    """A service that requires tokens, with one report."""
    assert service.post(report()).status == 201
    make_token(service.data, "admin")
    return service


@pytest.fixture(scope="module")
def reader(closed: LiveService) -> str:
    return make_token(closed.data, "lectura")


@pytest.fixture(scope="module")
def agents(closed: LiveService) -> str:
    return make_token(closed.data, "ingest")


def sign_in(service: LiveService, token: str, return_to: str = "/", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    form = f"token={quote(token)}&volver={quote(return_to)}".encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return service.request("POST", "/entrar", form, kind | named)


def cookie_of(answer: Answer) -> str:
    return answer.headers["set-cookie"].partition(";")[0]


@pytest.mark.parametrize(
    "address",
    ["/", "/servidor/1", "/programa?name=a%26b&username=c%23", "/usuario?username=juan&idioma=es"],
)
def test_page_redirects_to_sign_in_and_back(closed: LiveService, reader: str, address: str) -> None:
    answer = closed.get(address)
    assert (answer.status, answer.headers["location"]) == (
        303,
        f"/entrar?volver={quote(address, safe='')}",
    )
    assert b"192.168.1.205" not in answer.body
    assert closed.get(answer.headers["location"]).status == 200
    entered = sign_in(closed, reader, address)
    assert (entered.status, entered.headers["location"]) == (303, address)
    assert closed.get(address, Cookie=cookie_of(entered)).status == 200


@pytest.mark.parametrize(
    "address",
    [
        f"/programa?name={'a' * 1024}&username={'%26' * 1024}",  # 5 KB here, 11 KB in a form
        f"/usuario?username={'a' * 7950}",  # as long as an address may be
    ],
)
def test_long_address_redirects_to_sign_in_and_back(
    closed: LiveService, reader: str, address: str
) -> None:
    answer = closed.get(address)
    assert answer.headers["location"] == f"/entrar?volver={quote(address, safe='')}"
    page = closed.get(answer.headers["location"])
    assert page.status == 200
    assert escape(address).encode() in page.body
    entered = sign_in(closed, reader, address)
    assert (entered.status, entered.headers["location"]) == (303, address)


def test_address_that_fits_into_no_sign_in_address_is_left_out(
    closed: LiveService, reader: str
) -> None:
    address = f"/programa?name={'%C3%A9' * 1024}"
    answer = closed.get(address)
    assert (answer.status, answer.headers["location"]) == (303, "/entrar")
    assert sign_in(closed, reader, address).headers["location"] == address


def test_cookie_is_http_only_and_same_site_strict(closed: LiveService, reader: str) -> None:
    parts = set(sign_in(closed, reader).headers["set-cookie"].split("; ")[1:])
    assert parts == {"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"}


@pytest.fixture(scope="module")
def behind_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    """A service that trusts the X-Forwarded-Proto of a proxy on loopback."""
    data = tmp_path_factory.mktemp("behind-proxy") / "var"
    make_token(data, "admin")  # behind a proxy, the service requires tokens
    live = LiveService(data, COMPLIANCE_PROXIES="127.0.0.1")
    try:
        yield live.start()
    finally:
        live.stop()


@pytest.mark.parametrize(("scheme", "secure"), [("https", True), ("http", False)])
def test_cookie_is_secure_behind_an_https_proxy(
    behind_proxy: LiveService, scheme: str, secure: bool
) -> None:
    secret = make_token(behind_proxy.data, "lectura")
    answer = sign_in(behind_proxy, secret, X_Forwarded_Proto=scheme)
    assert answer.status == 303
    assert ("Secure" in answer.headers["set-cookie"].split("; ")) == secure


def test_cookie_ignores_the_scheme_of_an_untrusted_proxy(closed: LiveService, reader: str) -> None:
    answer = sign_in(closed, reader, X_Forwarded_Proto="https")
    assert "Secure" not in answer.headers["set-cookie"].split("; ")


def test_cookie_authorizes_reads_and_no_writes(closed: LiveService, reader: str) -> None:
    cookie = {"Cookie": cookie_of(sign_in(closed, reader))}
    assert closed.get("/servers?formato=csv", **cookie).status == 200
    json = {"Content-Type": "application/json"}
    assert closed.request("POST", "/servers", b"{}", cookie | json).status == 401
    assert closed.request("POST", "/inscripcion", b"{}", cookie | json).status == 401
    assert closed.request("DELETE", "/tokens/1", None, cookie).status == 401


@pytest.mark.parametrize("token", ["", "x", "ccsl_" + "0" * 36, "ñ" * 40, "a" * 3000])
def test_invalid_token_is_refused_with_an_alert(closed: LiveService, token: str) -> None:
    answer = sign_in(closed, token)
    assert (answer.status, "set-cookie" in answer.headers) == (401, False)
    assert b'role="alert"' in answer.body
    assert b"<form" in answer.body


def test_ingest_token_does_not_open_pages(closed: LiveService, agents: str) -> None:
    assert sign_in(closed, agents).status == 401
    assert closed.get("/", Cookie=f"sesion={agents}").status == 403


def test_basic_authentication_takes_the_token_as_password(closed: LiveService, reader: str) -> None:
    def basic(password: str) -> Answer:
        pair = base64.b64encode(f"ana:{password}".encode()).decode()
        return closed.get("/", Authorization=f"Basic {pair}")

    assert basic(reader).status == 200
    wrong = basic("x")
    assert (wrong.status, wrong.headers["www-authenticate"][:5]) == (401, "Basic")


@pytest.mark.parametrize(
    "return_to",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", "/a\r\nb"],
)
def test_return_address_of_another_site_is_replaced(
    closed: LiveService, reader: str, return_to: str
) -> None:
    assert sign_in(closed, reader, return_to).headers["location"] == "/"
    page = closed.get(f"/entrar?volver={quote(return_to)}").body
    assert b'name="volver" value="/"' in page


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_forms_of_other_sites_are_refused(
    closed: LiveService, reader: str, headers: dict[str, str]
) -> None:
    answer = sign_in(closed, reader, **headers)
    assert (answer.status, "set-cookie" in answer.headers) == (403, False)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    assert closed.request("POST", "/salir", b"", named).status == 403


def test_sign_out_deletes_the_cookie(closed: LiveService) -> None:
    answer = closed.request("POST", "/salir", b"")
    assert (answer.status, answer.headers["location"]) == (303, "/entrar")
    assert answer.headers["set-cookie"].startswith('sesion=""; expires=')


@pytest.mark.parametrize(
    "form", [b"\xff", b"token", b"x" * 30_000, b"", b"token=%FF&volver=%00"], ids=repr
)
def test_malformed_form_is_refused(closed: LiveService, form: bytes) -> None:
    assert closed.request("POST", "/entrar", form).status in {400, 401}
