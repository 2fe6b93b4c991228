"""Names that strangers chose: they show as what they are, and do nothing."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest

from service.pages.escaping import plain, visible
from tests.pages.browser import PHONE, Look, Visitor
from tests.pages.data import cells, data_of
from tests.pages.fleet import Fleet
from tests.pages.hostile import NAMES

HOSTILE = '<b onclick="__pwned=1">x</b>'
TWO_LINES = "two\nlines"
ASKED = [name for name in NAMES if name]  # an empty one cannot be asked for
LOGGED_IN = [name[:256] for name in NAMES[::4] if name]  # NAMES[::2] are
SPACES = re.compile(r"\s+")


def shown(name: str) -> str:
    """What a reader sees of a name."""
    return SPACES.sub(" ", visible(name).striptags()).strip() or SPACES.sub(" ", name).strip()


@pytest.mark.parametrize("look", [Look("es"), Look("en", PHONE)], ids=str)
def test_every_name_shows_on_the_page_of_its_server(
    visitor: Visitor, fleet: Fleet, look: Look
) -> None:
    tab = visitor.tab(look)
    tab.open(f"/servidor/{fleet.servers[HOSTILE]}")
    names = {SPACES.sub(" ", name) for name in cells(tab, "processes", 2)}
    for name in ASKED:
        assert SPACES.sub(" ", plain(name)).strip() in names or shown(name) in names, name
    tab.page.mouse.move(200, 300)
    tab.check()


@pytest.mark.parametrize("kind", ["programa?name=", "usuario?username="])
def test_the_page_of_every_name_is_harmless(visitor: Visitor, kind: str) -> None:
    parameter = kind.partition("?")[2][:-1]
    tab = visitor.tab(Look("en", PHONE))
    for asked in ASKED if parameter == "name" else LOGGED_IN:
        tab.open(f"/{kind.partition('?')[0]}?{urlencode({parameter: asked})}")
        # A field of one line drops the ends of lines.
        field = tab.page.locator(f"#{parameter}").input_value()
        assert field == asked.replace("\r", "*").replace("\n", "*")
        tab.check()


def test_a_name_of_two_lines_is_still_found_when_its_form_is_sent_again(visitor: Visitor) -> None:
    tab = visitor.tab(Look("es"))
    page = tab.open(f"/programa?{urlencode({'name': TWO_LINES})}")
    before = cells(tab, "running", 2)
    assert before
    page.locator("form button").click()
    page.wait_for_load_state()
    assert {row["name"] for row in data_of(tab, "running").rows} == {TWO_LINES}
    tab.check()


def test_the_program_of_a_hostile_name_leads_to_what_it_is(visitor: Visitor) -> None:
    tab = visitor.tab(Look("es"))
    for name in [
        "<script>window.__pwned = 1</script>",
        "a&b=c#d?e",
        "\x1b[31;1mred\x1b[0m\x1b[2J",
    ]:
        page = tab.open(f"/programa?{urlencode({'name': name})}")
        assert {row["name"] for row in data_of(tab, "running").rows} == {name}
        assert len(cells(tab, "running")) == len(data_of(tab, "running").rows)
        page.locator("#running th a").first.click()
        tab.check()


def test_a_csv_of_hostile_names_holds_no_formula(visitor: Visitor) -> None:
    tab = visitor.tab(Look("es"))
    tab.open(f"/programa?{urlencode({'name': '=1+2'})}")
    (row, *_) = data_of(tab, "running").csv
    assert row["name"] == "'=1+2"
