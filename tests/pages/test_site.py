"""Headers, languages, error pages and static files of all pages."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser

import pytest

from tests.pages.fleet import Fleet
from tests.support.live import Answer, LiveService
from tests.support.reports import report
from tests.support.tokens import bearer, make_token

PAGES = [
    "/",
    "/?q=web&estado=al_dia",
    "/?fecha_hora=2020-01-01",
    "/servidor/1",
    "/servidor/1?fecha_hora=2020-01-01",
    "/servidor/15?q=a&orden=-name",
    "/programa",
    "/programa?name=nginx",
    "/usuario",
    "/usuario?username=juan",
    "/servidor/0",
    "/servidor/999999",
    "/servidor/1/more",
    "/?fecha_hora=yesterday",
    "/?unknown=1",
    "/programa/unknown",
]


class Inline(HTMLParser):
    """Finds inline code that a strict Content-Security-Policy blocks."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in values):
            self.found.append(tag)
        self.found += [name for name in values if name == "style" or name.startswith("on")]
        self.found += [
            value for value in values.values() if value and value.lower().startswith("javascript:")
        ]


@pytest.fixture(scope="module")
def live(fleet: Fleet) -> LiveService:
    return fleet.live


def page(live: LiveService, path: str, language: str = "en") -> Answer:
    return live.request("GET", path, headers={"Accept-Language": language})


@pytest.mark.parametrize("path", PAGES)
def test_page_has_strict_headers_and_no_inline_code(live: LiveService, path: str) -> None:
    answer = page(live, path)
    policy = dict(
        directive.strip().split(" ", 1)
        for directive in answer.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert "unsafe" not in str(policy)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert {"Accept-Language", "Cookie"} <= set(answer.headers["vary"].split(", "))
    assert Inline(answer.body.decode()).found == []


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["es", "en"])
def test_page_is_in_the_language_of_the_reader(live: LiveService, path: str, language: str) -> None:
    html = page(live, path, language).body.decode()
    assert f'<html lang="{language}">' in html
    assert ("Saltar al contenido" in html) == (language == "es")
    other = "en" if language == "es" else "es"
    switch = re.findall(f'<a href="([^"]*)" hreflang="{other}"', html)
    separator = "&" if "?" in path else "?"
    assert [unescape(address) for address in switch] == [f"{path}{separator}idioma={other}"]


def test_language_cookie_overrides_the_browser(live: LiveService) -> None:
    answer = page(live, "/?idioma=es&q=web", "en")
    assert '<html lang="es">' in answer.body.decode()
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("idioma=es; ")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    kept = live.get("/", Cookie="idioma=es", **{"Accept-Language": "en"}).body.decode()
    assert '<html lang="es">' in kept
    asked = live.get("/?idioma=en", Cookie="idioma=es").body.decode()
    assert '<html lang="en">' in asked
    forged = live.get("/", Cookie="idioma=<b>", **{"Accept-Language": "es"})
    assert '<html lang="es">' in forged.body.decode()
    assert "set-cookie" not in page(live, "/").headers


def test_links_of_a_page_omit_the_language(live: LiveService) -> None:
    html = page(live, "/?idioma=es&q=web").body.decode()
    addresses = [unescape(address) for address in re.findall(r'href="([^"]*)"', html)]
    switch = [address for address in addresses if "idioma" in address]
    assert switch == ["/novedades.atom?idioma=es", "/?q=web&idioma=en"]
    for address in addresses:
        if address.startswith("/servers?"):
            assert live.get(address).status == 200


@pytest.mark.parametrize(
    ("path", "texts"),
    [
        ("/?fecha_hora=ayer", ["fecha_hora", "una fecha de 1970 a 9999", "ayer"]),
        ("/?ipaddress=web-1", ["ipaddress", "una dirección IP o una red", "web-1"]),
        ("/?estado=<b>", ["estado", "filtro de la página", "&lt;b&gt;"]),
        ("/?cursor=1", ["cursor", "Página siguiente"]),
        ("/?idioma=fr", ["idioma", "en o es"]),
        ("/?nombre=1", ["nombre", "no tiene el parámetro", "fecha_hora"]),
        ("/?%3Cb%3E=1", ["&lt;b&gt;", "no tiene el parámetro"]),
        ("/?q=a&q=b", ["Parámetro", "<bdi>q</bdi>"]),
        ("/?q=%FF", ["Parámetro", "<bdi>q</bdi>", "UTF-8"]),
        ("/servidor/1?orden=up", ["orden", "encabezados de columna"]),
        ("/servidor/1?instante=x", ["instante", "hora Unix en segundos"]),
        ("/servidor/1?desde=1", ["desde", "una fecha de 1970 a 9999"]),
    ],
)
def test_invalid_parameter_is_explained_in_the_language_of_the_reader(
    live: LiveService, path: str, texts: list[str]
) -> None:
    answer = page(live, path, "es")
    html = answer.body.decode()
    assert answer.status == 400
    assert [text for text in texts if text not in html] == []


@pytest.mark.parametrize(
    "path", ["/servidor/0", "/servidor/x", "/servidor/999999", "/servidor/1/x", "/programa/x"]
)
def test_unknown_path_is_an_error_page(live: LiveService, path: str) -> None:
    answer = page(live, path)
    assert answer.status == 404
    assert "Page not found" in answer.body.decode()


def test_post_to_a_page_is_not_allowed(live: LiveService) -> None:
    answer = live.request("POST", "/", b"{}")
    assert answer.status == 405
    assert "GET" in answer.headers["allow"]
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("path", ["/servers?fecha_hora=ayer", "/servers/0", "/nothing"])
def test_api_errors_are_problem_documents(live: LiveService, path: str) -> None:
    answer = live.get(path, Accept="text/html")
    assert answer.headers["content-type"] == "application/problem+json"
    assert json.loads(answer.body)["status"] == answer.status


def test_page_without_the_database_is_temporarily_unavailable(fresh_service: LiveService) -> None:
    fresh_service.start()
    fresh_service.database.rename(fresh_service.database.with_name("away"))
    for path in ("/", "/servidor/1", "/programa?name=x"):
        answer = page(fresh_service, path, "es")
        assert answer.status == 503
        assert int(answer.headers["retry-after"]) > 0
        assert "Servicio no disponible temporalmente" in answer.body.decode()
        assert str(fresh_service.data) not in answer.body.decode()


def test_static_files_are_immutable_under_hashed_addresses(live: LiveService) -> None:
    html = page(live, "/").body.decode()
    addresses = re.findall(r'(?:href|src)="(/static/[^"]*)"', html)
    kinds = {address.rpartition(".")[2] for address in addresses}
    assert kinds == {"css", "js", "svg"}
    for address in addresses:
        assert re.fullmatch(r"/static/\w+\.[0-9a-f]{16}\.\w+", address)
        answer = live.get(address)
        assert answer.status == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert live.get("/static/style.css").status == 404
    assert live.get("/static/..%2Fsite.py").status == 404


@pytest.mark.parametrize("language", ["es", "en"])
def test_empty_database_page_shows_how_to_send_a_report(
    fresh_service: LiveService, language: str
) -> None:
    fresh_service.start()
    html = page(fresh_service, "/", language).body.decode()
    (command,) = re.findall(r'<code id="curl">(.*?)</code>', html, re.DOTALL)
    program, url, header_option, header, data_option, document = shlex.split(unescape(command))
    assert (program, header_option, data_option) == ("curl", "-H", "-d")
    assert url == f"{fresh_service.url}/servers"
    assert header == "Content-Type: application/json"
    assert json.loads(document).keys() == report().keys()
    assert f"--api {fresh_service.url} " in html
    assert "python -m service demo" in html
    answer = fresh_service.post(document.encode())
    assert answer.status == 201
    assert 'id="curl"' not in page(fresh_service, "/", language).body.decode()


def test_untrusted_host_header_does_not_reach_the_command(fresh_service: LiveService) -> None:
    fresh_service.start()
    for host in ("a;rm -rf ~", "x'$(id)", '"><script>', "evil/servers?"):
        answer = fresh_service.get("/", Host=host)
        assert answer.status in {400, 403}
    make_token(fresh_service.data, "admin")
    secret = make_token(fresh_service.data, "lectura")
    for host in ("a;rm -rf ~", "x'$(id)", '"><script>', "evil/servers?"):
        answer = fresh_service.get("/", Host=host, **bearer(secret))
        assert answer.status == 400 or f"curl {fresh_service.url}/servers" in answer.body.decode()


def addresses_of_servers(html: str) -> Iterator[str]:
    yield from re.findall(r'href="(/servidor/\d+)"', html)


def test_fleet_page_links_every_server(fleet: Fleet) -> None:
    html = page(fleet.live, "/").body.decode()
    expected = {f"/servidor/{server_id}" for server_id in fleet.servers.values()}
    assert set(addresses_of_servers(html)) == expected


def test_future_time_redirects_to_the_current_fleet(live: LiveService) -> None:
    answer = live.get("/?fecha_hora=9999-01-01&q=web")
    assert (answer.status, answer.headers["location"]) == (303, "/?q=web")


def test_slider_redirects_to_an_address_with_the_time(live: LiveService) -> None:
    answer = live.get("/servidor/1?instante=1795400000&q=a&orden=name")
    assert answer.status == 303
    expected = "/servidor/1?q=a&orden=name&fecha_hora=2026-11-23+02%3A13%3A20"
    assert answer.headers["location"] == expected
    assert live.get(expected).status == 200
