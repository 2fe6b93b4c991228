"""The server page in a real browser, with and without script."""

from __future__ import annotations

import pytest

from tests.pages.browser import PHONE, Profile, Visitor
from tests.pages.data import cells, data_of
from tests.pages.fleet import Fleet

pytestmark = pytest.mark.torture

PROFILES = [
    pytest.param(Profile("es"), id="script"),
    pytest.param(Profile("en", PHONE, script=False), id="noscript"),
]


@pytest.mark.parametrize("profile", PROFILES)
def test_date_field_moves_to_another_time(visitor: Visitor, fleet: Fleet, profile: Profile) -> None:
    tab = visitor.tab(profile)
    page = tab.open(f"/servidor/{fleet.servers['bd-1']}?q=postgres&orden=-pid")
    page.locator("#moment").fill(fleet.ago(20))
    tab.follow(page.locator("form:has(#moment) button"))
    assert "q=postgres" in tab.address
    assert "orden=-pid" in tab.address
    assert "Debian GNU/Linux 12" in page.locator(".head").inner_text()
    shown = cells(tab, "processes")
    assert len(shown) == 14
    assert [int(pid) for pid in shown] == sorted(map(int, shown), reverse=True)
    rows = data_of(tab, "processes").rows
    assert set(shown) == {str(row["pid"]) for row in rows if row["name"] == "postgres"}
    tab.check()


@pytest.mark.parametrize("profile", PROFILES)
def test_slider_moves_to_another_time(visitor: Visitor, fleet: Fleet, profile: Profile) -> None:
    tab = visitor.tab(profile)
    page = tab.open(f"/servidor/{fleet.servers['bd-1']}")
    newest = page.locator("#slider-moment").inner_text()
    page.locator("#slider").focus()
    page.keyboard.press("Home")
    if profile.script:
        # The label follows the slider, for screen readers as well.
        assert page.locator("#slider-moment").inner_text() < newest
        assert page.locator("#slider").get_attribute("aria-valuetext") == (
            page.locator("#slider-moment").inner_text()
        )
    tab.follow(page.locator("form:has(#slider) button"))
    assert "instante" not in tab.address
    assert "fecha_hora=" in tab.address
    assert "Debian GNU/Linux 12" in page.locator(".head").inner_text()
    now = "Ver el estado actual" if profile.language == "es" else "Show current state"
    tab.follow(page.get_by_role("link", name=now))
    assert "Debian GNU/Linux 13" in page.locator(".head").inner_text()
    tab.check()


@pytest.mark.parametrize("profile", PROFILES)
def test_process_search_and_sort_order_combine(
    visitor: Visitor, fleet: Fleet, profile: Profile
) -> None:
    tab = visitor.tab(profile)
    page = tab.open(f"/servidor/{fleet.servers['web-1']}")
    assert len(cells(tab, "processes")) == len(data_of(tab, "processes").rows)
    page.locator("#processes #q").fill("WWW-data")
    tab.follow(page.locator("#processes form button"))
    assert set(cells(tab, "processes", 3)) == {"www-data"}
    for direction in ("ascending", "descending"):
        tab.follow(page.locator("#processes thead th:nth-child(2) a"))
        names = cells(tab, "processes", 2)
        assert names == sorted(names, reverse=direction == "descending")
        sorted_by = page.locator("#processes th[aria-sort]")
        assert sorted_by.get_attribute("aria-sort") == direction
    assert set(cells(tab, "processes", 3)) == {"www-data"}
    tab.check()


def test_previous_and_next_links_step_through_reports(visitor: Visitor, fleet: Fleet) -> None:
    tab = visitor.tab(Profile("en"))
    page = tab.open(f"/servidor/{fleet.servers['correo']}")
    newest = page.locator(".moment time").first.inner_text()
    tab.follow(page.locator("a[rel=prev]"))
    before = page.locator(".moment time").first.inner_text()
    assert before < newest
    tab.follow(page.locator("a[rel=next]"))
    assert page.locator(".moment time").first.inner_text() == newest
    tab.check()


def test_logins_and_changes_match_their_data_links(visitor: Visitor, fleet: Fleet) -> None:
    tab = visitor.tab(Profile("en"))
    page = tab.open(f"/servidor/{fleet.servers['bd-1']}?fecha_hora={fleet.ago(6)}")
    assert cells(tab, "logins") == [row["username"] for row in data_of(tab, "logins").rows]
    changes = data_of(tab, "activity").rows
    assert page.locator("ol.changes ul li").count() == len(changes)
    assert {change["tipo"] for change in changes} > {"servidor_cambia", "usuario_desaparece"}
    lifelines = page.locator("table.lifelines tbody tr").count()
    assert lifelines
    tab.follow(page.get_by_role("link", name="1 h", exact=True))
    assert page.locator("table.lifelines tbody tr").count() < lifelines
    tab.check()


def test_page_before_the_first_report_links_to_it(visitor: Visitor, fleet: Fleet) -> None:
    tab = visitor.tab(Profile("en"))
    page = tab.open(f"/servidor/1?fecha_hora={fleet.ago(100)}")
    tab.follow(page.get_by_role("link", name="Show first report"))
    assert cells(tab, "processes")
    tab.check()


def test_clones_have_separate_pages_with_a_warning(visitor: Visitor, fleet: Fleet) -> None:
    tab = visitor.tab(Profile("es"))
    for name in ("clon-a", "clon-b"):
        page = tab.open(f"/servidor/{fleet.servers[name]}")
        assert name in page.locator("h1").inner_text()
        assert "c10e" in page.locator(".banner").inner_text()
    tab.check()
