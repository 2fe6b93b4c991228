"""Back-tests in a real browser: from a text to its picture, and what paper shows of it."""

from __future__ import annotations

import pytest

from service.config import Config
from service.policies.backtest.job_process import run_next
from tests.pages.browser import DESKTOP, PHONE, Profile, Visitor
from tests.pages.fleet import Fleet
from tests.pages.paper import print_page, squeezed
from tests.policies.rule_texts import RIGHT
from tests.support.judged_field import EVERYWHERE

pytestmark = pytest.mark.torture

TEXT = RIGHT.replace(*EVERYWHERE)
TEXT = TEXT.replace("WHERE name = 'bad'", "WHERE name IN ('bad', 'xmrig', 'cc1plus', 'nc')")


@pytest.mark.parametrize(
    "profile", [Profile("es", DESKTOP), Profile("en", PHONE), Profile("en", script=False)], ids=str
)
def test_a_text_is_tried_and_shown(visitor: Visitor, fleet: Fleet, profile: Profile) -> None:
    tab = visitor.tab(profile)
    page = tab.open("/ensayos")
    tab.screenshot(f"backtests-{profile}")
    page.locator("#texto").fill(TEXT)
    tab.follow(page.locator("#try button.main"))
    address = tab.address
    assert page.locator("progress, .more a").count()
    tab.check()
    job = run_next(Config(data=fleet.live.data))
    assert job is not None
    assert job.state == "done", job.result
    page = tab.open(address)
    assert page.locator("#over-time svg.hours rect").count()
    assert page.locator("#windows tbody tr").count()
    tab.screenshot(f"backtest-{profile}")
    if profile.script:
        tab.check_accessibility()
    tab.check()
    tab.open("/ensayos")
    tab.check()


def test_a_refused_text_stays_in_its_field(visitor: Visitor) -> None:
    tab = visitor.tab(Profile("en", PHONE))
    page = tab.open("/ensayos")
    page.locator("#texto").fill(TEXT.replace("-- version = 2", "-- version = <b>"))
    tab._expected = 400
    tab.follow(page.locator("#try button.main"))
    assert page.locator("#faults").inner_text().startswith("a-rule.sql")
    assert "<b>" in page.locator("#texto").input_value()
    tab.screenshot("backtest-refused")
    tab.check_accessibility()
    tab.check()


def test_paper_shows_the_picture_and_what_it_is(visitor: Visitor, fleet: Fleet) -> None:
    tab = visitor.tab(Profile("en"))
    page = tab.open("/ensayos")
    page.locator("#texto").fill(TEXT)
    tab.follow(page.locator("#try button.main"))
    run_next(Config(data=fleet.live.data))
    tab.open(tab.address)
    paper = print_page(tab)
    assert squeezed("Never told") in paper.text
    assert squeezed("Period") in paper.text
    assert squeezed("Try again") not in paper.text
