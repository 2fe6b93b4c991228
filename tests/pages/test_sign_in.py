"""/entrar and /salir: how a reader with a token gets in, and nobody else does."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest

from tests.support.live import Answer, LiveService
from tests.support.reports import report
from tests.support.tokens import make_token


@pytest.fixture(scope="module")
def closed(service: LiveService) -> LiveService:
    """A service in which tokens were made, and a report is."""
    assert service.post(report()).status == 201
    make_token(service.data, "admin")
    return service


@pytest.fixture(scope="module")
def reader(closed: LiveService) -> str:
    return make_token(closed.data, "lectura")


@pytest.fixture(scope="module")
def agents(closed: LiveService) -> str:
    return make_token(closed.data, "ingest")


def sign_in(service: LiveService, token: str, back: str = "/", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    form = f"token={quote(token)}&volver={quote(back)}".encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return service.request("POST", "/entrar", form, kind | named)


def cookie_of(answer: Answer) -> str:
    return answer.headers["set-cookie"].partition(";")[0]


@pytest.mark.parametrize(
    "address", ["/", "/servidor/1", "/programa?name=a%26b", "/usuario?username=juan"]
)
def test_a_page_sends_a_stranger_to_the_sign_in_page_and_back(
    closed: LiveService, reader: str, address: str
) -> None:
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


def test_the_cookie_is_for_this_service_alone_and_no_script_reads_it(
    closed: LiveService, reader: str
) -> None:
    parts = set(sign_in(closed, reader).headers["set-cookie"].split("; ")[1:])
    assert parts == {"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"}


def test_the_cookie_opens_the_data_that_pages_link_to_and_nothing_that_changes(
    closed: LiveService, reader: str
) -> None:
    cookie = {"Cookie": cookie_of(sign_in(closed, reader))}
    assert closed.get("/servers?formato=csv", **cookie).status == 200
    json = {"Content-Type": "application/json"}
    assert closed.request("POST", "/servers", b"{}", cookie | json).status == 401
    assert closed.request("POST", "/inscripcion", b"{}", cookie | json).status == 401
    assert closed.request("DELETE", "/tokens/1", None, cookie).status == 401


@pytest.mark.parametrize("token", ["", "x", "ccsl_" + "0" * 36, "ñ" * 40, "a" * 3000])
def test_a_wrong_token_opens_nothing_and_is_told_so_on_the_page(
    closed: LiveService, token: str
) -> None:
    answer = sign_in(closed, token)
    assert (answer.status, "set-cookie" in answer.headers) == (401, False)
    assert b'role="alert"' in answer.body
    assert b"<form" in answer.body


def test_a_token_of_an_agent_does_not_open_pages(closed: LiveService, agents: str) -> None:
    assert sign_in(closed, agents).status == 401
    assert closed.get("/", Cookie=f"sesion={agents}").status == 403


def test_basic_authentication_takes_the_token_as_the_password(
    closed: LiveService, reader: str
) -> None:
    def basic(password: str) -> Answer:
        pair = base64.b64encode(f"ana:{password}".encode()).decode()
        return closed.get("/", Authorization=f"Basic {pair}")

    assert basic(reader).status == 200
    wrong = basic("x")
    assert (wrong.status, wrong.headers["www-authenticate"][:5]) == (401, "Basic")


@pytest.mark.parametrize(
    "back", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", "/a\r\nb"]
)
def test_nobody_is_sent_on_to_another_site(closed: LiveService, reader: str, back: str) -> None:
    assert sign_in(closed, reader, back).headers["location"] == "/"
    page = closed.get(f"/entrar?volver={quote(back)}").body
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
def test_a_form_on_another_site_signs_nobody_in_or_out(
    closed: LiveService, reader: str, headers: dict[str, str]
) -> None:
    answer = sign_in(closed, reader, **headers)
    assert (answer.status, "set-cookie" in answer.headers) == (403, False)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    assert closed.request("POST", "/salir", b"", named).status == 403


def test_signing_out_takes_the_cookie_back(closed: LiveService) -> None:
    answer = closed.request("POST", "/salir", b"")
    assert (answer.status, answer.headers["location"]) == (303, "/entrar")
    assert answer.headers["set-cookie"].startswith('sesion=""; expires=')


@pytest.mark.parametrize(
    "form", [b"\xff", b"token", b"x" * 5000, b"", b"token=%FF&volver=%00"], ids=repr
)
def test_what_is_no_form_is_refused(closed: LiveService, form: bytes) -> None:
    assert closed.request("POST", "/entrar", form).status in {400, 401}
