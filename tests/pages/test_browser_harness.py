"""The harness itself: it must see what it is there to see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, Route

from tests.pages.browser import PHONE, Look, Tab, Visitor

_GOOD = """<!doctype html><html lang="es"><head><title>Flota</title>
<meta name="viewport" content="width=device-width"></head>
<body><main><h1>Flota</h1>{}</main></body></html>"""


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    """A tab on a phone, of a reader of Spanish, upon a service that is not there."""
    with closing(Visitor(browser, "http://127.0.0.1:9")) as reader:
        yield reader.tab(Look(width=PHONE))


def show(tab: Tab, body: str, status: int = 200, page: str = _GOOD) -> None:
    def answer(route: Route) -> None:
        route.fulfill(
            status=status,
            content_type="text/html",
            headers={"Content-Security-Policy": "default-src 'self'"},
            body=page.replace("{}", body),
        )

    tab.page.route("**/page", answer)
    tab.open("/page", status)


@pytest.mark.parametrize("status", [200, 400, 404])
def test_a_good_page_is_fine(tab: Tab, status: int) -> None:
    show(tab, "<p>15 servidores</p>", status)
    tab.check()
    tab.check_accessibility()


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("<script>1</script>", "Content Security Policy"),
        ('<p style="color: red">', "Content Security Policy"),
        ('<img src="/missing.png">', "ERR_CONNECTION_REFUSED|ERR_UNSAFE_PORT"),
        ("<h1>Otra</h1>", "2 h1"),
        (f"<p>{'x' * 500}</p>", "sticks out to the right"),
    ],
)
def test_what_is_wrong_with_a_page_is_told(tab: Tab, body: str, complaint: str) -> None:
    show(tab, body)
    with pytest.raises(AssertionError, match=complaint):
        tab.check()


def test_another_language_is_told(tab: Tab) -> None:
    show(tab, "", page=_GOOD.replace('"es"', '"en"'))
    with pytest.raises(AssertionError, match="lang is en"):
        tab.check()


def test_a_script_that_came_in_a_name_is_told(tab: Tab) -> None:
    show(tab, "")
    tab.page.evaluate("() => { window.__pwned = 1; }")
    with pytest.raises(AssertionError, match="a script that came in a name has run"):
        tab.check()


def test_an_unexpected_status_is_told(tab: Tab) -> None:
    show(tab, "", 404)
    with pytest.raises(AssertionError, match="404"):
        tab.open("/page")


def test_what_a_screen_reader_stumbles_over_is_told(tab: Tab) -> None:
    show(tab, '<input name="q"><a href="/"></a>')
    with pytest.raises(AssertionError, match=r"(?s)label.*link-name|link-name.*label"):
        tab.check_accessibility()
