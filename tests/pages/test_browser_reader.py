"""What a reader does with any page: reach it by keyboard, read it in another language."""

from __future__ import annotations

import pytest

from tests.pages.browser import PHONE, Look, Visitor
from tests.pages.fleet import Fleet

ADDRESSES = [
    "/?q=debian&estado=al_dia",
    "/servidor/1?fecha_hora={then}&desde={before}&q=php&orden=-pid",
    "/programa?name=php*&username=www-data&fecha_hora={then}",
    "/usuario?username=juan&fecha_hora={then}",
]


def filled(address: str, fleet: Fleet) -> str:
    return address.replace("{then}", fleet.ago(2)).replace("{before}", fleet.ago(9))


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("script", [True, False])
def test_the_other_language_is_one_click_away_and_shows_the_same(
    visitor: Visitor, fleet: Fleet, address: str, script: bool
) -> None:
    address = filled(address, fleet)
    tab = visitor.tab(Look("es", script=script))
    tab.open(address)
    links = tab.page.locator("main a[href^='/servidor/'], main a[href^='/programa']").count()
    tab.page.get_by_role("link", name="English").click()
    assert tab.page.locator("html").get_attribute("lang") == "en"
    assert tab.address == f"{address}&idioma=en"
    assert links == (
        tab.page.locator("main a[href^='/servidor/'], main a[href^='/programa']").count()
    )
    # It is kept for the pages after it, and what the page links to is there.
    tab.open("/")
    assert tab.page.locator("html").get_attribute("lang") == "en"


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_data_of_a_page_in_a_chosen_language_is_there(
    visitor: Visitor, fleet: Fleet, address: str
) -> None:
    tab = visitor.tab()
    tab.open(filled(address, fleet) + "&idioma=en")
    data = tab.page.locator(".data a").evaluate_all("links => links.map(link => link.href)")
    assert data
    for link in data:
        assert tab.page.request.get(link).status == 200, link


@pytest.mark.parametrize("look", [Look("es"), Look("en", PHONE)], ids=str)
def test_the_keyboard_reaches_the_content_at_once(visitor: Visitor, look: Look) -> None:
    tab = visitor.tab(look)
    page = tab.open("/")
    page.keyboard.press("Tab")
    assert page.locator(":focus").get_attribute("href") == "#content"
    assert page.locator(":focus").is_visible()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.locator("main :focus").count() == 1
    tab.check()


def test_tables_that_are_wider_than_a_phone_scroll_by_keyboard(visitor: Visitor) -> None:
    tab = visitor.tab(Look(width=PHONE))
    page = tab.open("/programa?name=nginx")
    table = page.locator("#running .scroll")
    table.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('#running .scroll').scrollLeft > 0")
    tab.check()


@pytest.mark.parametrize("address", ["/", "/servidor/1", "/programa?name=nginx"])
def test_a_page_asks_nobody_but_the_service(visitor: Visitor, address: str) -> None:
    tab = visitor.tab()
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    tab.open(address)
    tab.page.wait_for_load_state("networkidle")
    assert asked
    assert [url for url in asked if not url.startswith(f"{visitor.base}/")] == []
