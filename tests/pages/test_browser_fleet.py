"""The fleet page in a real browser, with and without script."""

from __future__ import annotations

import shlex
from contextlib import closing

import orjson
import pytest
from playwright.sync_api import Browser

from tests.pages.browser import PHONE, Profile, Tab, Visitor
from tests.pages.data import cells, data_of
from tests.pages.fleet import Fleet
from tests.support.live import LiveService

PROFILES = [
    pytest.param(Profile("es"), id="script"),
    pytest.param(Profile("en", PHONE, script=False), id="noscript"),
]


def submit(tab: Tab, form: str) -> None:
    tab.follow(tab.page.locator(f"{form} button").first)


@pytest.mark.parametrize("profile", PROFILES)
def test_filters_select_the_matching_servers(visitor: Visitor, profile: Profile) -> None:
    tab = visitor.tab(profile)
    page = tab.open("/")
    assert len(cells(tab, "servers")) == 15

    page.locator("#ipaddress").fill("10.0.2.0/24")
    submit(tab, "#servers form")
    assert cells(tab, "servers") == ["bd-1", "bd-2", "cache-1"]
    page.locator("#version_so").fill("13")
    submit(tab, "#servers form")
    assert cells(tab, "servers") == ["bd-1"]
    assert page.locator("#ipaddress").input_value() == "10.0.2.0/24"
    assert [row["nombre_host"] for row in data_of(tab, "servers").rows] == ["bd-1"]
    tab.check()


@pytest.mark.parametrize("profile", PROFILES)
def test_search_matches_any_attribute_of_a_server(visitor: Visitor, profile: Profile) -> None:
    tab = visitor.tab(profile)
    page = tab.open("/")
    page.locator("#q").fill("NEOVERSE")
    submit(tab, "#servers form")
    shown = cells(tab, "servers")
    assert shown == ["web-3", "cache-1", "borde-bogota"]
    assert [row["nombre_host"] for row in data_of(tab, "servers").csv] == shown
    page.locator("#q").fill("no such thing")
    submit(tab, "#servers form")
    assert cells(tab, "servers") == []
    tab.check()


@pytest.mark.parametrize("profile", PROFILES)
def test_silent_count_links_to_the_silent_servers(visitor: Visitor, profile: Profile) -> None:
    tab = visitor.tab(profile)
    page = tab.open("/")
    tab.follow(page.locator(".figures .bad a[href*='estado=silencioso']"))
    assert cells(tab, "servers") == ["sensor-planta"]
    assert page.locator("#estado").input_value() == "silencioso"
    assert [row["estado"] for row in data_of(tab, "servers").rows] == ["silencioso"]
    tab.check()


@pytest.mark.parametrize("profile", PROFILES)
def test_date_field_shows_the_fleet_in_the_past(
    visitor: Visitor, fleet: Fleet, profile: Profile
) -> None:
    tab = visitor.tab(profile)
    page = tab.open("/?nombre_so=Debian+GNU%2FLinux&version_so=13")
    assert cells(tab, "servers") == ["bd-1"]
    page.locator("#moment").fill(fleet.ago(20))
    submit(tab, "form:has(#moment)")
    assert "version_so=13" in tab.address
    assert cells(tab, "servers") == []
    tab.open(f"/?version_so=12&fecha_hora={fleet.ago(20)}")
    assert "bd-1" in cells(tab, "servers")
    assert [row["nombre_host"] for row in data_of(tab, "servers").csv] == (cells(tab, "servers"))
    tab.follow(page.get_by_role("link", name="bd-1"))
    assert tab.address.startswith(f"/servidor/{fleet.servers['bd-1']}?fecha_hora=")
    tab.check()


def test_overview_matches_the_summary_api(visitor: Visitor) -> None:
    tab = visitor.tab(Profile("en"))
    page = tab.open("/")
    summary = page.request.get("/resumen").json()
    figures = page.locator(".figures dd").all_inner_texts()
    arrived = sum(hour["informes"] for hour in summary["informes_por_hora"])
    assert figures == [
        str(summary["servidores"]),
        str(summary["al_dia"]),
        str(summary["silenciosos"]),
        str(len(page.request.get("/violaciones?abiertas=si").json()["violaciones"])),
        str({row["soporte"]: row["servidores"] for row in summary["por_soporte"]}["terminado"]),
        str(arrived),
    ]
    programs = page.locator("section", has=page.locator("#programs-heading"))
    assert programs.locator("tbody th").all_inner_texts() == (
        [row["name"] for row in summary["programas"]]
    )
    changes = page.locator("section", has=page.locator("#changes-heading")).locator("li")
    shown = zip(changes.all_inner_texts(), summary["novedades"], strict=False)
    for text, item in list(shown)[:3]:
        assert item["fecha_hora"][:19] in text
        assert (item["nombre_host"] or item["ip_server"]) in text


def test_later_page_links_back_to_the_first(visitor: Visitor) -> None:
    tab = visitor.tab(Profile("en"))
    following = tab.page.request.get("/servers?limit=10").json()["siguiente"]
    page = tab.open(f"/?{following.rpartition('&')[2]}")
    assert len(cells(tab, "servers")) == 5
    rows = data_of(tab, "servers").rows
    assert [row["nombre_host"] or row["ipaddress"] for row in rows] == cells(tab, "servers")
    tab.follow(page.get_by_role("link", name="First page"))
    assert len(cells(tab, "servers")) == 15
    tab.check()


def test_curl_command_of_the_empty_database_page_sends_a_report(
    browser: Browser, fresh_service: LiveService
) -> None:
    with closing(Visitor(browser, fresh_service.start().url)) as visitor:
        tab = visitor.tab(Profile("en"))
        page = tab.open("/")
        curl, address, *options = shlex.split(page.locator("#curl").inner_text())
        assert (curl, address) == ("curl", f"{fresh_service.url}/servers")
        body = options[options.index("-d") + 1]
        assert options[options.index("-H") + 1] == "Content-Type: application/json"
        assert fresh_service.post(body.encode()).status == 201
        tab.open("/")
        assert cells(tab, "servers") == [orjson.loads(body)["ipaddress"]]
        tab.check()
