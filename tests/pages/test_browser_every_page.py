"""Every page in a real browser: both languages, on a desk and in a hand, light and dark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import urlencode

import pytest

from tests.pages.browser import DESKTOP, PHONE, Look, Scheme, Visitor
from tests.pages.fleet import Fleet

HOSTILE = '<b onclick="__pwned=1">x</b>'
SCRIPT = "<script>window.__pwned = 1</script>"


class Page(NamedTuple):
    address: Callable[[Fleet], str]
    status: int = 200


PAGES = {
    "fleet": Page(lambda _: "/"),
    "server": Page(lambda fleet: f"/servidor/{fleet.servers['bd-1']}"),
    "program": Page(lambda _: "/programa?name=nginx"),
    "user": Page(lambda _: "/usuario?username=juan"),
}
# What these look like differs from the pages above in parts only.
VARIANTS = {
    "fleet-then": Page(lambda fleet: f"/?fecha_hora={fleet.ago(6)}&estado=al_dia&q=debian"),
    "fleet-nothing": Page(lambda _: "/?q=nada"),
    "server-then": Page(
        lambda fleet: (
            f"/servidor/{fleet.servers['ci-1']}?fecha_hora={fleet.ago(3)}&q=cc1&orden=-name"
        )
    ),
    "server-clone": Page(lambda fleet: f"/servidor/{fleet.servers['clon-b']}"),
    "server-silent": Page(lambda fleet: f"/servidor/{fleet.servers['sensor-planta']}"),
    "server-version-1": Page(lambda fleet: f"/servidor/{fleet.servers['WIN-CONTABLE']}"),
    "server-hostile": Page(lambda fleet: f"/servidor/{fleet.servers[HOSTILE]}"),
    "server-unknown-yet": Page(lambda fleet: f"/servidor/1?fecha_hora={fleet.ago(100)}"),
    "program-then": Page(lambda fleet: f"/programa?name=cc1plus*&fecha_hora={fleet.ago(3)}"),
    "program-of-user": Page(lambda _: "/programa?name=php-fpm8.2&username=www-data"),
    "program-gone": Page(lambda _: "/programa?name=xmrig"),
    "program-hostile": Page(lambda _: f"/programa?{urlencode({'name': SCRIPT})}"),
    "program-nothing": Page(lambda _: "/programa?name=nada"),
    "program-none": Page(lambda _: "/programa"),
    "user-root": Page(lambda fleet: f"/usuario?username=root&fecha_hora={fleet.ago(3)}"),
    "user-hostile": Page(lambda _: f"/usuario?{urlencode({'username': SCRIPT})}"),
    "user-everybody": Page(lambda _: "/usuario?username=*"),
    "user-nothing": Page(lambda _: "/usuario?username=nadie"),
    "user-none": Page(lambda _: "/usuario"),
    "missing": Page(lambda _: "/servidor/999999", 404),
    "wrong-time": Page(lambda _: "/programa?name=nginx&fecha_hora=ayer", 400),
    "wrong-parameter": Page(lambda _: f"/?{urlencode({SCRIPT: 1})}", 400),
}


class Visit(NamedTuple):
    name: str
    page: Page
    look: Look
    scheme: Scheme
    axe: bool = True


def visits() -> Iterator[Visit]:
    """axe-core does not look at all of them in every way: neither language nor width are new."""
    for name, page in PAGES.items():
        yield Visit(name, page, Look("es", DESKTOP), "light")
        yield Visit(name, page, Look("es", PHONE), "light", axe=False)
        yield Visit(name, page, Look("en", DESKTOP), "dark", axe=False)
        yield Visit(name, page, Look("en", PHONE), "dark")
    for at, (name, page) in enumerate(VARIANTS.items()):
        if at % 2:
            yield Visit(name, page, Look("es", DESKTOP), "dark")
        else:
            yield Visit(name, page, Look("en", PHONE), "light")


VISITS = [pytest.param(visit, id=f"{visit.name}-{visit.look}") for visit in visits()]


def look_at(visitor: Visitor, fleet: Fleet | None, visit: Visit) -> None:
    address = "/" if fleet is None else visit.page.address(fleet)
    tab = visitor.tab(visit.look)
    tab.open(address, visit.page.status)
    tab.use_scheme(visit.scheme)
    tab.screenshot(f"{visit.name}-{visit.look}-{visit.scheme}")
    if visit.axe:
        tab.check_accessibility()
    tab.check()


@pytest.mark.parametrize("visit", VISITS)
def test_a_page_is_fine_however_it_is_looked_at(
    visitor: Visitor, fleet: Fleet, visit: Visit
) -> None:
    look_at(visitor, fleet, visit)


@pytest.mark.parametrize(
    ("look", "scheme"), [(Look("es", DESKTOP), "light"), (Look("en", PHONE), "dark")], ids=str
)
def test_the_page_of_an_empty_database_is_fine(
    empty_visitor: Visitor, look: Look, scheme: Scheme
) -> None:
    look_at(empty_visitor, None, Visit("empty", PAGES["fleet"], look, scheme))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_the_same_without_script(visitor: Visitor, fleet: Fleet, name: str) -> None:
    texts = []
    for script in (True, False):
        tab = visitor.tab(Look(script=script))
        tab.open(PAGES[name].address(fleet))
        tab.check()
        texts.append(tab.page.locator("main").inner_text())
    assert texts[0] == texts[1]
