"""Hostile names in a real browser: they show as text and do nothing."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest

from service.pages.escaping import html_name, plain_name
from tests.pages.browser import PHONE, Profile, Visitor
from tests.pages.data import cells, data_of
from tests.pages.fleet import Fleet
from tests.pages.hostile import NAMES

pytestmark = pytest.mark.torture

HOSTILE = '<b onclick="__pwned=1">x</b>'
TWO_LINES = "two\nlines"
PROGRAMS = [name for name in NAMES if name]  # an empty parameter is ignored
USERS = [name[:256] for name in NAMES[::4] if name]  # half of the users of the hostile server
SPACES = re.compile(r"\s+")


def shown(name: str) -> str:
    """The visible text of a name."""
    return SPACES.sub(" ", html_name(name).striptags()).strip() or SPACES.sub(" ", name).strip()


@pytest.mark.parametrize("profile", [Profile("es"), Profile("en", PHONE)], ids=str)
def test_server_page_shows_every_hostile_name(
    visitor: Visitor, fleet: Fleet, profile: Profile
) -> None:
    tab = visitor.tab(profile)
    tab.open(f"/servidor/{fleet.servers[HOSTILE]}")
    names = {SPACES.sub(" ", name) for name in cells(tab, "processes", 2)}
    for name in PROGRAMS:
        assert SPACES.sub(" ", plain_name(name)).strip() in names or shown(name) in names, name
    tab.page.mouse.move(200, 300)
    tab.check()


@pytest.mark.parametrize("kind", ["programa?name=", "usuario?username="])
def test_page_of_a_hostile_name_runs_no_script(visitor: Visitor, kind: str) -> None:
    parameter = kind.partition("?")[2][:-1]
    tab = visitor.tab(Profile("en", PHONE))
    for name in PROGRAMS if parameter == "name" else USERS:
        tab.open(f"/{kind.partition('?')[0]}?{urlencode({parameter: name})}")
        # A single-line field drops line breaks.
        field = tab.page.locator(f"#{parameter}").input_value()
        assert field == name.replace("\r", "*").replace("\n", "*")
        tab.check()


def test_resubmitted_form_still_finds_a_name_with_a_line_break(visitor: Visitor) -> None:
    tab = visitor.tab(Profile("es"))
    page = tab.open(f"/programa?{urlencode({'name': TWO_LINES})}")
    before = cells(tab, "running", 2)
    assert before
    tab.follow(page.locator("form button"))
    assert {row["name"] for row in data_of(tab, "running").rows} == {TWO_LINES}
    tab.check()


def test_program_page_lists_exactly_the_hostile_name(visitor: Visitor) -> None:
    tab = visitor.tab(Profile("es"))
    for name in [
        "<script>window.__pwned = 1</script>",
        "a&b=c#d?e",
        "\x1b[31;1mred\x1b[0m\x1b[2J",
    ]:
        page = tab.open(f"/programa?{urlencode({'name': name})}")
        assert {row["name"] for row in data_of(tab, "running").rows} == {name}
        assert len(cells(tab, "running")) == len(data_of(tab, "running").rows)
        tab.follow(page.locator("#running th a").first)
        tab.check()


def test_csv_link_neutralizes_formulas(visitor: Visitor) -> None:
    tab = visitor.tab(Profile("es"))
    tab.open(f"/programa?{urlencode({'name': '=1+2'})}")
    (row, *_) = data_of(tab, "running").csv
    assert row["name"] == "'=1+2"
