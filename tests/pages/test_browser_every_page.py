"""Every page in a real browser: both languages, desktop and phone, light and dark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import urlencode

import pytest

from tests.pages.browser import DESKTOP, PHONE, Profile, Scheme, Visitor
from tests.pages.fleet import Fleet

pytestmark = pytest.mark.torture

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
    "rule": Page(lambda _: "/regla/minero"),
    "period": Page(lambda fleet: f"/auditoria?desde={fleet.ago(30)}&hasta={fleet.ago(1)}"),
    "violations": Page(lambda _: "/incumplimientos?abiertas=si"),
    "waivers": Page(lambda _: "/dispensas"),
    "tags": Page(lambda _: "/etiquetado"),
    "backtests": Page(lambda _: "/ensayos"),
    "notifications": Page(lambda _: "/avisos"),
    "query": Page(lambda _: f"/consultar?{urlencode({'sql': 'SELECT 1'})}"),
}
# Variants of these pages, which differ in parts only.
VARIANTS = {
    "fleet-past": Page(lambda fleet: f"/?fecha_hora={fleet.ago(6)}&estado=al_dia&q=debian"),
    "fleet-tag": Page(lambda _: "/?etiqueta=entorno%3Dproduccion&soporte=terminado"),
    "fleet-no-match": Page(lambda _: "/?q=nada"),
    "server-past": Page(
        lambda fleet: (
            f"/servidor/{fleet.servers['ci-1']}?fecha_hora={fleet.ago(3)}&q=cc1&orden=-name"
        )
    ),
    "server-clone": Page(lambda fleet: f"/servidor/{fleet.servers['clon-b']}"),
    "server-silent": Page(lambda fleet: f"/servidor/{fleet.servers['sensor-planta']}"),
    "server-version-1": Page(lambda fleet: f"/servidor/{fleet.servers['WIN-CONTABLE']}"),
    "server-hostile": Page(lambda fleet: f"/servidor/{fleet.servers[HOSTILE]}"),
    "server-before-first-report": Page(lambda fleet: f"/servidor/1?fecha_hora={fleet.ago(100)}"),
    "program-past": Page(lambda fleet: f"/programa?name=cc1plus*&fecha_hora={fleet.ago(3)}"),
    "program-of-user": Page(lambda _: "/programa?name=php-fpm8.2&username=www-data"),
    "program-gone": Page(lambda _: "/programa?name=xmrig"),
    "program-hostile": Page(lambda _: f"/programa?{urlencode({'name': SCRIPT})}"),
    "program-unknown": Page(lambda _: "/programa?name=nada"),
    "program-form": Page(lambda _: "/programa"),
    "user-root": Page(lambda fleet: f"/usuario?username=root&fecha_hora={fleet.ago(3)}"),
    "user-hostile": Page(lambda _: f"/usuario?{urlencode({'username': SCRIPT})}"),
    "user-pattern": Page(lambda _: "/usuario?username=*"),
    "user-unknown": Page(lambda _: "/usuario?username=nadie"),
    "user-form": Page(lambda _: "/usuario"),
    "rules": Page(lambda _: "/reglas"),
    "rules-past": Page(lambda fleet: f"/reglas?fecha_hora={fleet.ago(30)}"),
    "rule-past": Page(lambda fleet: f"/regla/minero?veredicto=falla&conocido_en={fleet.ago(0.5)}"),
    "backtest-missing": Page(lambda _: "/ensayo/999999", 404),
    "rule-missing": Page(lambda _: "/regla/nada", 404),
    "matrix": Page(lambda _: "/cumplimiento"),
    "matrix-past": Page(lambda fleet: f"/cumplimiento?severidad=critica&fecha_hora={fleet.ago(1)}"),
    "controls": Page(lambda _: "/controles"),
    "framework": Page(lambda _: "/controles/ens"),
    "violations-no-match": Page(lambda _: "/incumplimientos?politica=sin-auditd"),
    "missing": Page(lambda _: "/servidor/999999", 404),
    "invalid-time": Page(lambda _: "/programa?name=nginx&fecha_hora=ayer", 400),
    "invalid-parameter": Page(lambda _: f"/?{urlencode({SCRIPT: 1})}", 400),
}


class Visit(NamedTuple):
    """marks: of pytest."""

    name: str
    page: Page
    profile: Profile
    scheme: Scheme
    marks: tuple[pytest.MarkDecorator, ...] = ()


def visits() -> Iterator[Visit]:
    """Both languages, both widths. What is much like another visit is left to the long runs."""
    long = (pytest.mark.torture,)
    for name, page in PAGES.items():
        yield Visit(name, page, Profile("es", DESKTOP), "light")
        yield Visit(name, page, Profile("es", PHONE), "light", long)
        yield Visit(name, page, Profile("en", DESKTOP), "dark", long)
        yield Visit(name, page, Profile("en", PHONE), "dark")
    for at, (name, page) in enumerate(VARIANTS.items()):
        if at % 2:
            yield Visit(name, page, Profile("es", DESKTOP), "dark", long)
        else:
            yield Visit(name, page, Profile("en", PHONE), "light", long)


VISITS = [
    pytest.param(visit, id=f"{visit.name}-{visit.profile}", marks=visit.marks) for visit in visits()
]


def check_visit(visitor: Visitor, fleet: Fleet | None, visit: Visit) -> None:
    address = "/" if fleet is None else visit.page.address(fleet)
    tab = visitor.tab(visit.profile)
    tab.open(address, visit.page.status)
    tab.use_scheme(visit.scheme)
    tab.screenshot(f"{visit.name}-{visit.profile}-{visit.scheme}")
    tab.check_accessibility()
    tab.check()


@pytest.mark.parametrize("visit", VISITS)
def test_page_is_accessible_and_fits_the_screen(
    visitor: Visitor, fleet: Fleet, visit: Visit
) -> None:
    check_visit(visitor, fleet, visit)


@pytest.mark.parametrize(
    ("profile", "scheme"),
    [(Profile("es", DESKTOP), "light"), (Profile("en", PHONE), "dark")],
    ids=str,
)
def test_empty_database_page_is_accessible_and_fits_the_screen(
    empty_visitor: Visitor, profile: Profile, scheme: Scheme
) -> None:
    check_visit(empty_visitor, None, Visit("empty", PAGES["fleet"], profile, scheme))


@pytest.mark.parametrize("name", PAGES)
def test_page_has_the_same_text_without_script(visitor: Visitor, fleet: Fleet, name: str) -> None:
    texts = []
    for script in (True, False):
        tab = visitor.tab(Profile(script=script))
        tab.open(PAGES[name].address(fleet))
        tab.check()
        texts.append(tab.page.locator("main").inner_text())
    assert texts[0] == texts[1]
