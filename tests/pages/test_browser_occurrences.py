"""The pages of programs and users in a real browser, with and without script."""

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
HOSTS_OF_NGINX = ["web-1", "web-2", "web-3", "clon-a", "clon-b"]


def host(row: dict[str, str | None]) -> str | None:
    return row["nombre_host"] or row["ip_server"]


@pytest.mark.parametrize("profile", PROFILES)
def test_form_finds_a_program(visitor: Visitor, profile: Profile) -> None:
    tab = visitor.tab(profile)
    page = tab.open("/programa")
    page.locator("#name").fill("nginx")
    tab.follow(page.locator("form button"))
    assert page.locator("h1").inner_text() == "nginx"
    running = data_of(tab, "running").rows
    assert cells(tab, "running") == [host(row) for row in running]
    assert len(running) == 25
    figures = page.locator(".figures dd").all_inner_texts()
    assert [figure.split()[0] for figure in figures[:3]] == ["5", "25", "5"]
    assert cells(tab, "history") == HOSTS_OF_NGINX
    assert {host(row) for row in data_of(tab, "history").rows} == set(HOSTS_OF_NGINX)

    page.locator("#username").fill("root")
    tab.follow(page.locator("form button"))
    assert cells(tab, "running") == HOSTS_OF_NGINX
    tab.check()


@pytest.mark.parametrize("profile", PROFILES)
def test_date_field_shows_where_a_program_ran_in_the_past(
    visitor: Visitor, fleet: Fleet, profile: Profile
) -> None:
    tab = visitor.tab(profile)
    page = tab.open("/programa?name=xmrig")
    assert cells(tab, "running") == []
    assert cells(tab, "history") == ["web-2"]
    page.locator("#moment").fill(fleet.ago(1))
    tab.follow(page.locator("form button"))
    assert cells(tab, "running") == []
    # It ran from minute 100 to 170 of the day.
    page.locator("#moment").fill(fleet.ago(23.5 - 130 / 60))
    tab.follow(page.locator("form button"))
    assert cells(tab, "running") == ["web-2"]
    (row,) = data_of(tab, "running").rows
    assert row["linea_comando"] == "/tmp/.x/xmrig -o pool:3333"
    assert row["linea_comando"] in page.locator("#running").inner_text()
    tab.follow(page.get_by_role("link", name="web-2").first)
    assert "xmrig" in cells(tab, "processes", 2)
    tab.check()


@pytest.mark.parametrize(("address", "busiest"), [("/programa", "nfsd"), ("/usuario", "root")])
def test_page_without_criteria_lists_the_busiest(
    visitor: Visitor, address: str, busiest: str
) -> None:
    tab = visitor.tab(Profile("en"))
    page = tab.open(address)
    tab.follow(page.locator("main tbody a").first)
    assert page.locator("h1").inner_text() == busiest
    tab.check()


def test_pattern_finds_programs_of_several_names(visitor: Visitor) -> None:
    tab = visitor.tab(Profile("en"))
    tab.open("/programa?name=SYSTEMD-*")
    names = set(cells(tab, "running", 2))
    assert names == {row["name"] for row in data_of(tab, "running").rows}
    assert {"systemd-logind", "systemd-journald"} < names
    assert "systemd" not in names
    tab.check()


def test_two_lists_of_a_program_paginate_independently(visitor: Visitor) -> None:
    tab = visitor.tab(Profile("en"))
    page = tab.open("/programa?username=root")
    first, history = cells(tab, "running"), cells(tab, "history")
    assert len(first) == 100
    tab.follow(page.locator("#running a[rel=next]"))
    assert cells(tab, "running") != first
    assert cells(tab, "history") == history
    assert cells(tab, "running") == [host(row) for row in data_of(tab, "running").rows]
    assert {host(row) for row in data_of(tab, "history").rows} == set(history)
    tab.follow(page.get_by_role("link", name="First page"))
    assert cells(tab, "running") == first
    tab.check()


@pytest.mark.parametrize("profile", PROFILES)
def test_form_finds_a_user(visitor: Visitor, fleet: Fleet, profile: Profile) -> None:
    tab = visitor.tab(profile)
    page = tab.open("/usuario")
    page.locator("#username").fill("juan")
    tab.follow(page.locator("form button"))
    assert page.locator("h1").inner_text() == "juan"
    (login,) = data_of(tab, "logins").rows
    assert cells(tab, "logins") == ["bd-1"] == [host(login)]
    assert login["origen"] in page.locator("#logins").inner_text()
    assert cells(tab, "history") == [host(row) for row in data_of(tab, "history").rows]

    page.locator("#moment").fill(fleet.ago(22))
    tab.follow(page.locator("form button"))
    assert cells(tab, "logins") == []
    tab.check()


def test_programs_of_a_user_link_to_the_program_page(visitor: Visitor) -> None:
    tab = visitor.tab(Profile("en"))
    page = tab.open("/usuario?username=www-data")
    processes = data_of(tab, "programs").rows
    names = cells(tab, "programs")
    assert set(names) == {row["name"] for row in processes}
    counts = [int(count) for count in cells(tab, "programs", 3)]
    assert sum(counts) == len(processes)
    tab.follow(page.locator("#programs tbody a").first)
    assert page.locator("h1").inner_text() == names[0]
    assert len(cells(tab, "running")) == counts[0]
    tab.check()


@pytest.mark.parametrize(
    ("address", "wider"),
    [
        ("/programa?name=gin", "/programa?name=*gin*"),
        ("/usuario?username=jua", "/usuario?username=*jua*"),
    ],
)
def test_unknown_name_links_to_a_pattern_that_contains_it(
    visitor: Visitor, address: str, wider: str
) -> None:
    tab = visitor.tab(Profile("en"))
    page = tab.open(address)
    tab.follow(page.get_by_role("link", name="*"))
    assert tab.address.replace("%2A", "*") == wider
    assert page.locator("tbody tr").count()
    tab.check()
