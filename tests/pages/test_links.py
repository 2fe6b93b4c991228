"""Links to names that need encoding in an address, such as `a&b` and `c#`."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import quote_plus

import pytest

from tests.support.lists import rows_of
from tests.support.live import LiveService
from tests.support.reports import report_2

NAMES = ["a&b", "c#", "50% +1", "d=e?f/g;h"]
MOMENT = quote_plus("2020-02-15T04:30:00+01:00")


class Page(HTMLParser):
    """The first heading of a page, and the text of each of its links by address."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.heading = ""
        self.links: list[tuple[str, str]] = []
        self._in_heading = self._in_link = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._in_link = True
            self.links.append((dict(attrs).get("href") or "", ""))
        self._in_heading |= tag == "h1"

    def handle_endtag(self, tag: str) -> None:
        self._in_link &= tag != "a"
        self._in_heading &= tag != "h1"

    def handle_data(self, data: str) -> None:
        if self._in_heading:
            self.heading += data
        if self._in_link:
            href, text = self.links[-1]
            self.links[-1] = href, text + data


@pytest.fixture(scope="module")
def live(service: LiveService) -> LiveService:
    """A service with one server, on which everything has one of the names, and appears late."""
    processes = [
        {"username": name, "pid": pid, "name": name}
        for pid, name in enumerate([*NAMES, *reversed(NAMES)], 1)
    ]
    logins = [{"pid": None, "name": name} for name in NAMES]
    for minute, (running, open_logins) in enumerate([([], []), (processes, logins)]):
        document = report_2(
            procesos=running,
            usuarios_activos=open_logins,
            nombre_host="a&b",
            nombre_so="c#",
            version_so="50% +1",
            arquitectura_proc="a&b",
            fecha_hora=f"2020-02-15 03:0{minute}:00",
        )
        assert service.post(document).status == 201
    return service


def get_page(live: LiveService, address: str) -> Page:
    answer = live.get(address, **{"Accept-Language": "en"})
    assert answer.status == 200, address
    return Page(answer.body.decode())


PATHS = [
    "/",
    "/servidor/1",
    f"/servidor/1?fecha_hora={MOMENT}",
    "/programa",
    "/usuario",
    *(f"/programa?name={quote_plus(name)}" for name in NAMES),
    *(f"/programa?name={quote_plus(name)}&username={quote_plus(name)}" for name in NAMES),
    f"/programa?name=*&fecha_hora={MOMENT}",
    *(f"/usuario?username={quote_plus(name)}" for name in NAMES),
    f"/usuario?username=*&fecha_hora={MOMENT}",
]


@pytest.mark.parametrize("path", PATHS)
def test_link_with_the_text_of_a_name_opens_the_page_of_that_name(
    live: LiveService, path: str
) -> None:
    links = [
        (href, text)
        for href, text in get_page(live, path).links
        if text in NAMES and not href.startswith("/?")
    ]
    assert links
    for href, text in links:
        assert get_page(live, href).heading == text, href


@pytest.mark.parametrize("kind", ["/programa?name=", "/usuario?username="])
def test_links_of_the_past_keep_name_and_time(live: LiveService, kind: str) -> None:
    hrefs = [
        href
        for href, text in get_page(live, f"/servidor/1?fecha_hora={MOMENT}").links
        if href.startswith(kind) and text in NAMES
    ]
    assert {f"{kind}{quote_plus(name)}&fecha_hora={MOMENT}" for name in NAMES} <= set(hrefs)
    assert all(href.endswith(f"&fecha_hora={MOMENT}") for href in hrefs)


@pytest.mark.parametrize("text", ["a&b", "c# 50% +1"])
def test_filter_link_of_the_overview_finds_the_server(live: LiveService, text: str) -> None:
    filters = [
        href for href, name in get_page(live, "/").links if name == text and href.startswith("/?")
    ]
    assert len(filters) == 1
    assert ("/servidor/1", "a&b") in get_page(live, filters[0]).links


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["/programa?name=", "/usuario?username="])
def test_unknown_name_links_to_a_pattern_that_contains_it(
    live: LiveService, kind: str, name: str
) -> None:
    (pattern,) = [
        href
        for href, text in get_page(live, f"{kind}x{quote_plus(name)}").links
        if text == f"*x{name}*"
    ]
    assert get_page(live, pattern).heading == f"*x{name}*"


@pytest.mark.parametrize("name", NAMES)
def test_program_of_a_user_links_to_both(live: LiveService, name: str) -> None:
    hrefs = [href for href, text in get_page(live, f"/usuario?username={quote_plus(name)}").links]
    encoded = quote_plus(name)
    assert f"/programa?name={encoded}&username={encoded}" in hrefs


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["/programa?name=", "/usuario?username="])
def test_data_links_select_the_name(live: LiveService, kind: str, name: str) -> None:
    member = kind.partition("?")[2][:-1]
    data = [
        href
        for href, text in get_page(live, f"{kind}{quote_plus(name)}").links
        if text == "JSON" and not href.startswith("/servers")
    ]
    assert len(data) >= 2
    for href in data:
        rows = rows_of(live.get(href))
        assert rows
        assert {row[member] for row in rows} == {name}
