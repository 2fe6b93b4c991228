"""The page of a server, as a reader uses it, with and without script."""

from __future__ import annotations

import pytest

from tests.pages.browser import PHONE, Look, Visitor
from tests.pages.data import cells, data_of
from tests.pages.fleet import Fleet

WAYS = [
    pytest.param(Look("es"), id="script"),
    pytest.param(Look("en", PHONE, script=False), id="noscript"),
]


@pytest.mark.parametrize("look", WAYS)
def test_the_date_field_moves_the_moment(visitor: Visitor, fleet: Fleet, look: Look) -> None:
    tab = visitor.tab(look)
    page = tab.open(f"/servidor/{fleet.servers['bd-1']}?q=postgres&orden=-pid")
    page.locator("#moment").fill(fleet.ago(20))
    page.locator("form:has(#moment) button").click()
    page.wait_for_load_state()
    assert "q=postgres" in tab.address
    assert "orden=-pid" in tab.address
    assert "Debian GNU/Linux 12" in page.locator(".head").inner_text()
    shown = cells(tab, "processes")
    assert len(shown) == 14
    assert [int(pid) for pid in shown] == sorted(map(int, shown), reverse=True)
    everything = data_of(tab, "processes").rows
    assert set(shown) == {str(row["pid"]) for row in everything if row["name"] == "postgres"}
    tab.check()


@pytest.mark.parametrize("look", WAYS)
def test_the_slider_moves_the_moment(visitor: Visitor, fleet: Fleet, look: Look) -> None:
    tab = visitor.tab(look)
    page = tab.open(f"/servidor/{fleet.servers['bd-1']}")
    newest = page.locator("#slider-moment").inner_text()
    page.locator("#slider").focus()
    page.keyboard.press("Home")
    if look.script:
        # It says where it stands while it moves, to screen readers as well.
        assert page.locator("#slider-moment").inner_text() < newest
        assert page.locator("#slider").get_attribute("aria-valuetext") == (
            page.locator("#slider-moment").inner_text()
        )
    page.locator("form:has(#slider) button").click()
    page.wait_for_load_state()
    assert "instante" not in tab.address
    assert "fecha_hora=" in tab.address
    assert "Debian GNU/Linux 12" in page.locator(".head").inner_text()
    page.get_by_role("link", name="Volver a ahora" if look.language == "es" else "now").click()
    assert "Debian GNU/Linux 13" in page.locator(".head").inner_text()
    tab.check()


@pytest.mark.parametrize("look", WAYS)
def test_the_search_and_the_order_of_processes(visitor: Visitor, fleet: Fleet, look: Look) -> None:
    tab = visitor.tab(look)
    page = tab.open(f"/servidor/{fleet.servers['web-1']}")
    assert len(cells(tab, "processes")) == len(data_of(tab, "processes").rows)
    page.locator("#processes #q").fill("WWW-data")
    page.locator("#processes form button").click()
    page.wait_for_load_state()
    assert set(cells(tab, "processes", 3)) == {"www-data"}
    for direction in ("ascending", "descending"):
        page.locator("#processes thead th:nth-child(2) a").click()
        page.wait_for_load_state()
        names = cells(tab, "processes", 2)
        assert names == sorted(names, reverse=direction == "descending")
        sorted_by = page.locator("#processes th[aria-sort]")
        assert sorted_by.get_attribute("aria-sort") == direction
    assert set(cells(tab, "processes", 3)) == {"www-data"}
    tab.check()


def test_reports_can_be_walked_through_one_by_one(visitor: Visitor, fleet: Fleet) -> None:
    tab = visitor.tab(Look("en"))
    page = tab.open(f"/servidor/{fleet.servers['correo']}")
    newest = page.locator(".moment time").first.inner_text()
    page.locator("a[rel=prev]").click()
    before = page.locator(".moment time").first.inner_text()
    assert before < newest
    page.locator("a[rel=next]").click()
    assert page.locator(".moment time").first.inner_text() == newest
    tab.check()


def test_logins_and_changes_are_those_of_their_data(visitor: Visitor, fleet: Fleet) -> None:
    tab = visitor.tab(Look("en"))
    page = tab.open(f"/servidor/{fleet.servers['bd-1']}?fecha_hora={fleet.ago(6)}")
    assert cells(tab, "logins") == [row["username"] for row in data_of(tab, "logins").rows]
    changes = data_of(tab, "span").rows
    assert page.locator("ol.changes ul li").count() == len(changes)
    assert {change["tipo"] for change in changes} > {"servidor_cambia", "usuario_desaparece"}
    lives = page.locator("table.lives tbody tr").count()
    assert lives
    page.get_by_role("link", name="1 h", exact=True).click()
    assert page.locator("table.lives tbody tr").count() < lives
    tab.check()


def test_a_server_that_was_not_known_yet_leads_to_its_first_report(
    visitor: Visitor, fleet: Fleet
) -> None:
    tab = visitor.tab(Look("en"))
    page = tab.open(f"/servidor/1?fecha_hora={fleet.ago(100)}")
    page.get_by_role("link", name="Its first report").click()
    assert cells(tab, "processes")
    tab.check()


def test_clones_are_told_apart_and_warned_of(visitor: Visitor, fleet: Fleet) -> None:
    tab = visitor.tab(Look("es"))
    for name in ("clon-a", "clon-b"):
        page = tab.open(f"/servidor/{fleet.servers[name]}")
        assert name in page.locator("h1").inner_text()
        assert "c10e" in page.locator(".banner").inner_text()
    tab.check()
