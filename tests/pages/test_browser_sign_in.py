"""The sign-in page in a real browser: sign in, read, sign out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser

from tests.pages.browser import PHONE, Profile, Visitor
from tests.support.live import LiveService
from tests.support.reports import report
from tests.support.tokens import make_token


@pytest.fixture(scope="module")
def reader(service: LiveService) -> str:
    """A token with read access to a service that requires tokens."""
    assert service.post(report()).status == 201
    return make_token(service.data, "lectura")


@pytest.fixture(scope="module")
def visitor(browser: Browser, service: LiveService) -> Iterator[Visitor]:
    with closing(Visitor(browser, service.url)) as opened:
        yield opened


@pytest.mark.parametrize("profile", [Profile("es"), Profile("en", PHONE)], ids=str)
def test_reader_signs_in_reads_and_signs_out(
    visitor: Visitor, reader: str, profile: Profile
) -> None:
    tab = visitor.tab(profile)
    page = tab.open("/servidor/1")
    assert tab.address == "/entrar?volver=%2Fservidor%2F1"
    tab.check()
    tab.check_accessibility()
    tab.screenshot(f"sign-in-{profile}")

    page.locator("#token").fill(f" {reader} ")
    tab.follow(page.locator("main button"))
    assert tab.address == "/servidor/1"
    assert "python-1" in tab.text
    tab.check()
    tab.check_accessibility()
    assert page.evaluate("() => document.cookie") == ""

    tab.follow(page.locator(".sign-out button"))
    assert tab.address == "/entrar"
    tab.open("/servidor/1")
    assert tab.address.startswith("/entrar")


def test_failed_attempt_without_script_keeps_the_return_address(
    visitor: Visitor, reader: str
) -> None:
    tab = visitor.tab(Profile("es", script=False))
    page = tab.open("/usuario?username=juan")
    page.locator("#token").fill(reader[:-1])
    tab.follow(page.locator("main button"))
    assert page.get_by_role("alert").count() == 1
    page.locator("#token").fill(reader)
    tab.follow(page.locator("main button"))
    assert tab.address == "/usuario?username=juan"
