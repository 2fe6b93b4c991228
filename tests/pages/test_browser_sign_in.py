"""The sign-in page in a real browser: in, around, and out again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser

from tests.pages.browser import PHONE, Look, Visitor
from tests.support.live import LiveService
from tests.support.reports import report
from tests.support.tokens import make_token


@pytest.fixture(scope="module")
def reader(service: LiveService) -> str:
    """A token, of a service that asks for one."""
    assert service.post(report()).status == 201
    return make_token(service.data, "lectura")


@pytest.fixture(scope="module")
def stranger(browser: Browser, service: LiveService) -> Iterator[Visitor]:
    with closing(Visitor(browser, service.url)) as visitor:
        yield visitor


@pytest.mark.parametrize("look", [Look("es"), Look("en", PHONE)], ids=str)
def test_a_reader_signs_in_reads_and_signs_out(stranger: Visitor, reader: str, look: Look) -> None:
    tab = stranger.tab(look)
    page = tab.open("/servidor/1")
    assert tab.address == "/entrar?volver=%2Fservidor%2F1"
    tab.check()
    tab.check_accessibility()
    tab.screenshot(f"sign-in-{look}")

    page.locator("#token").fill(f" {reader} ")
    page.locator("main button").click()
    assert tab.address == "/servidor/1"
    assert "python-1" in tab.text
    tab.check()
    tab.check_accessibility()
    assert page.evaluate("() => document.cookie") == ""

    page.locator(".leave button").click()
    assert tab.address == "/entrar"
    tab.open("/servidor/1")
    assert tab.address.startswith("/entrar")


def test_without_a_script_a_wrong_token_is_told_and_the_way_is_kept(
    stranger: Visitor, reader: str
) -> None:
    tab = stranger.tab(Look("es", script=False))
    page = tab.open("/usuario?username=juan")
    page.locator("#token").fill(reader[:-1])
    page.locator("main button").click()
    assert page.get_by_role("alert").count() == 1
    page.locator("#token").fill(reader)
    page.locator("main button").click()
    assert tab.address == "/usuario?username=juan"
