"""The query page in a real browser: from a list as SQL to its rows."""

from __future__ import annotations

import pytest

from tests.pages.browser import DESKTOP, PHONE, Profile, Visitor
from tests.pages.fleet import Fleet

HOSTILE = "SELECT name, '<img src=x onerror=__pwned=1>' AS \"<b>x</b>\" FROM procesos_vigentes"


@pytest.mark.parametrize("profile", [Profile("es", DESKTOP), Profile("en", PHONE)], ids=str)
def test_a_list_is_asked_again_as_sql(visitor: Visitor, fleet: Fleet, profile: Profile) -> None:
    tab = visitor.tab(profile)
    page = tab.open(f"/programa?name=nginx&fecha_hora={fleet.ago(3)}")
    rows = page.locator("#running tbody tr").count()
    assert rows
    page.locator("#running details.sql summary").click()
    tab.check_accessibility()
    tab.check()
    tab.follow(page.locator("#running details.sql a").first)
    page.locator("form button.main").nth(-1).click()
    page.wait_for_selector("#result")
    assert page.locator("#result tbody tr").count() == rows
    assert page.locator("#moment").input_value()[:16] == fleet.ago(3)[:16]
    tab.screenshot(f"query-result-{profile}")
    tab.check_accessibility()
    tab.check()


def test_hostile_rows_and_faults_are_text(visitor: Visitor) -> None:
    tab = visitor.tab(Profile("en", PHONE))
    page = tab.open("/consultar")
    page.locator("#sql").fill(HOSTILE)
    page.locator("form button.main").nth(-1).click()
    page.wait_for_selector("#result")
    assert page.locator("#result th").nth(1).inner_text() == "<b>x</b>"
    assert "onerror" in page.locator("#result tbody").inner_text()
    tab.check_accessibility()
    tab.check()
