"""The checks of the browser harness detect the faults that they exist for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, Route

from tests.pages.browser import PHONE, Profile, Tab, Visitor

pytestmark = pytest.mark.torture

_GOOD = """<!doctype html><html lang="es"><head><title>Flota</title>
<meta name="viewport" content="width=device-width"></head>
<body><main><h1>Flota</h1>{}</main></body></html>"""


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    """A tab in Spanish on a phone. No service runs at its address."""
    with closing(Visitor(browser, "http://127.0.0.1:9")) as visitor:
        yield visitor.tab(Profile(width=PHONE))


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
def test_correct_page_passes(tab: Tab, status: int) -> None:
    show(tab, "<p>15 servidores</p>", status)
    tab.check()
    tab.check_accessibility()


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("<script>1</script>", "Content Security Policy"),
        ('<p style="color: red">', "Content Security Policy"),
        ('<img src="/missing.png">', "ERR_CONNECTION_REFUSED|ERR_UNSAFE_PORT"),
        ("<h1>Otra</h1>", "2 h1"),
        (f"<p>{'x' * 500}</p>", "overflows to the right"),
    ],
)
def test_faults_of_a_page_are_reported(tab: Tab, body: str, problem: str) -> None:
    show(tab, body)
    with pytest.raises(AssertionError, match=problem):
        tab.check()


def test_wrong_language_is_reported(tab: Tab) -> None:
    show(tab, "", page=_GOOD.replace('"es"', '"en"'))
    with pytest.raises(AssertionError, match="lang is en"):
        tab.check()


def test_injected_script_is_reported(tab: Tab) -> None:
    show(tab, "")
    tab.page.evaluate("() => { window.__pwned = 1; }")
    with pytest.raises(AssertionError, match="an injected script has run"):
        tab.check()


def test_unexpected_status_is_reported(tab: Tab) -> None:
    show(tab, "", 404)
    with pytest.raises(AssertionError, match="404"):
        tab.open("/page")


def test_accessibility_faults_are_reported(tab: Tab) -> None:
    show(tab, '<input name="q"><a href="/"></a>')
    with pytest.raises(AssertionError, match=r"(?s)label.*link-name|link-name.*label"):
        tab.check_accessibility()
