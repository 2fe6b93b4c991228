"""Keyboard, languages and requests of every page, in a real browser."""

from __future__ import annotations

import pytest

from tests.pages.browser import PHONE, Profile, Visitor
from tests.pages.fleet import Fleet

pytestmark = pytest.mark.torture

ADDRESSES = [
    "/?q=debian&estado=al_dia",
    "/servidor/1?fecha_hora={moment}&desde={since}&q=php&orden=-pid",
    "/programa?name=php*&username=www-data&fecha_hora={moment}",
    "/usuario?username=juan&fecha_hora={moment}",
]


def filled(address: str, fleet: Fleet) -> str:
    return address.replace("{moment}", fleet.ago(2)).replace("{since}", fleet.ago(9))


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("script", [True, pytest.param(False, marks=pytest.mark.torture)])
def test_language_switch_keeps_the_page_and_its_contents(
    visitor: Visitor, fleet: Fleet, address: str, script: bool
) -> None:
    address = filled(address, fleet)
    tab = visitor.tab(Profile("es", script=script))
    tab.open(address)
    links = tab.page.locator("main a[href^='/servidor/'], main a[href^='/programa']").count()
    tab.follow(tab.page.get_by_role("link", name="English"))
    assert tab.page.locator("html").get_attribute("lang") == "en"
    assert tab.address == f"{address}&idioma=en"
    assert links == (
        tab.page.locator("main a[href^='/servidor/'], main a[href^='/programa']").count()
    )
    # The cookie keeps the language on the next page.
    tab.open("/")
    assert tab.page.locator("html").get_attribute("lang") == "en"


@pytest.mark.parametrize("address", ADDRESSES)
def test_data_links_work_after_a_language_switch(
    visitor: Visitor, fleet: Fleet, address: str
) -> None:
    tab = visitor.tab()
    tab.open(filled(address, fleet) + "&idioma=en")
    data = tab.page.locator(".data a").evaluate_all("links => links.map(link => link.href)")
    assert data
    for link in data:
        assert tab.page.request.get(link).status == 200, link


@pytest.mark.parametrize("profile", [Profile("es"), Profile("en", PHONE)], ids=str)
def test_skip_link_moves_the_focus_to_the_content(visitor: Visitor, profile: Profile) -> None:
    tab = visitor.tab(profile)
    page = tab.open("/")
    page.keyboard.press("Tab")
    assert page.locator(":focus").get_attribute("href") == "#content"
    assert page.locator(":focus").is_visible()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.locator("main :focus").count() == 1
    tab.check()


def test_wide_tables_scroll_by_keyboard_on_a_phone(visitor: Visitor) -> None:
    tab = visitor.tab(Profile(width=PHONE))
    page = tab.open("/programa?name=nginx")
    table = page.locator("#running .scroll")
    table.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('#running .scroll').scrollLeft > 0")
    tab.check()


@pytest.mark.parametrize("address", ["/", "/servidor/1", "/programa?name=nginx"])
def test_page_requests_nothing_from_other_hosts(visitor: Visitor, address: str) -> None:
    tab = visitor.tab()
    requests: list[str] = []
    tab.page.on("request", lambda request: requests.append(request.url))
    tab.open(address)
    tab.page.wait_for_load_state("networkidle")
    assert requests
    assert [url for url in requests if not url.startswith(f"{visitor.base}/")] == []
