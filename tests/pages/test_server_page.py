"""/servidor/{servidor}: the page of a server, now and at a time in the past."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from service import times
from tests.pages.fleet import MINUTE, Fleet

INTERVAL = 30 * MINUTE  # between two reports of a server


class ServerPage:
    """The response, as text and links."""

    def __init__(self, fleet: Fleet, name: str, query: str = "", language: str = "en") -> None:
        self.path = f"/servidor/{fleet.servers[name]}"
        address = self.path + (f"?{query}" if query else "")
        self.answer = fleet.live.request("GET", address, headers={"Accept-Language": language})
        self.html = self.answer.body.decode()
        self.text = " ".join(unescape(re.sub(r"<[^>]*>", "", self.html)).split())

    def link(self, label: str) -> str:
        """The address of the only link with this label."""
        found = re.findall(rf'<a [^>]*href="([^"]*)"[^>]*>\W*{label}\W*</a>', self.html)
        assert len(found) == 1, (label, found)
        return unescape(str(found[0]))

    def pids(self) -> list[int]:
        table = self.html.partition('id="processes-caption"')[2].partition("</table>")[0]
        return [int(pid) for pid in re.findall(r'<tr>\s*<td class="count">(\d+)</td>', table)]


def moment(fleet: Fleet, reports_ago: float) -> str:
    return times.to_text(round(fleet.ends_at - reports_ago * INTERVAL))


def moment_of(address: str) -> str:
    return parse_qs(urlsplit(address).query)["fecha_hora"][0]


def test_page_without_a_time_shows_the_latest_report(fleet: Fleet) -> None:
    page = ServerPage(fleet, "web-1")
    latest = moment(fleet, 0)[:19]
    assert f"This page shows the report of {latest}. It is the latest one." in page.text
    assert f"Up to date last contact: {latest}" in page.text
    assert 'rel="next"' not in page.html.partition('id="processes"')[0]
    assert moment_of(page.link("Previous report")) == moment(fleet, 1)


def test_time_between_two_reports_shows_the_earlier_and_links_the_later(
    fleet: Fleet,
) -> None:
    page = ServerPage(fleet, "web-1", f"fecha_hora={quote(moment(fleet, 6.5))}")
    shown, later = moment(fleet, 7), moment(fleet, 6)
    assert f"report of {shown[:19]}." in page.text
    assert f"The next one is of {later[:19]}." in page.text
    assert moment_of(page.link("Previous report")) == moment(fleet, 8)
    assert moment_of(page.link("Next report")) == later
    assert moment_of(page.link("First report")) == moment(fleet, 47)
    assert page.link("Show current state") == page.path


def test_time_of_a_report_shows_that_report(fleet: Fleet) -> None:
    page = ServerPage(fleet, "web-1", f"fecha_hora={quote(moment(fleet, 7))}")
    assert f"report of {moment(fleet, 7)[:19]}." in page.text


def test_time_before_the_first_report_links_to_it(fleet: Fleet) -> None:
    page = ServerPage(fleet, "web-1", "fecha_hora=2020-02-15")
    assert page.answer.status == 200
    assert "This server had not reported yet on" in page.text
    assert moment_of(page.link("Show first report")) == moment(fleet, 47)


def test_silent_server_shows_its_duration(fleet: Fleet) -> None:
    page = ServerPage(fleet, "sensor-planta")
    assert re.search(r"Silent last contact: [\d: -]+, no report for \d+ h", page.text)


def test_clone_has_a_warning(fleet: Fleet) -> None:
    for name in ("clon-a", "clon-b"):
        assert "Another machine has the same machine ID" in ServerPage(fleet, name).text
    assert "same machine ID" not in ServerPage(fleet, "web-1").text


@pytest.mark.parametrize("order", ["pid", "name", "username", "inicio"])
def test_processes_sort_by_each_column_in_both_directions(fleet: Fleet, order: str) -> None:
    record = fleet.live.get(f"/servers/{fleet.records['web-1']}/procesos").json()["procesos"]
    for sign in ("", "-"):
        page = ServerPage(fleet, "web-1", f"orden={sign}{order}")
        by_pid = {process["pid"]: process[order] for process in record}
        found = [by_pid[pid] for pid in page.pids()]
        assert found == sorted(found, reverse=bool(sign))
        assert len(found) == len(record)
        direction = "descending" if sign else "ascending"
        assert page.html.count("aria-sort=") == page.html.count(f'aria-sort="{direction}"') == 1
        other_sign = "" if sign else "-"
        assert f"orden={other_sign}{order}#processes" in page.html


@pytest.mark.parametrize(
    ("text", "found"), [("NGINX", 5), ("www-data", 12), ("--nodaemonize", 1), ("nothing", 0)]
)
def test_search_matches_names_users_and_commands(fleet: Fleet, text: str, found: int) -> None:
    page = ServerPage(fleet, "web-1", f"q={text}")
    assert len(page.pids()) == found
    assert (f"{found} of " in page.text) == (found > 0)
    assert page.link("Clear search") == f"{page.path}#processes"


def test_search_for_a_number_matches_the_pid(fleet: Fleet) -> None:
    record = fleet.live.get(f"/servers/{fleet.records['web-1']}/procesos").json()["procesos"]
    pid = record[-1]["pid"]
    assert pid in ServerPage(fleet, "web-1", f"q={pid}").pids()


def test_change_shows_the_reports_before_and_after_it(fleet: Fleet) -> None:
    page = ServerPage(fleet, "bd-1", "desde=2020-01-01")
    answer = fleet.live.get(f"/servers/{fleet.records['bd-1']}/cambios?limit=1000").json()
    listed = page.text.partition("between the two reports shown.")[2]
    (upgrade,) = [one for one in answer["cambios"] if one["atributo"] == "version_so"]
    before, after = upgrade["fecha_hora_antes"][:19], upgrade["fecha_hora_despues"][:19]
    end = after.removeprefix(before[:11]) if after.startswith(before[:11]) else after
    assert f"{before} \N{EN DASH} {end} " in listed
    assert "OS version: 12 → 13" in listed
    assert listed.count(" appeared PID ") <= sum(
        one["tipo"] == "proceso_aparece" for one in answer["cambios"]
    )
    assert listed.index("OS version: 12") > listed.index("logged")  # the latest come first


def test_older_changes_are_paginated_to_the_first_report(fleet: Fleet) -> None:
    address, pages = f"/servidor/{fleet.servers['web-3']}?desde=2020-01-01", 0
    while address:
        html = fleet.live.get(address, **{"Accept-Language": "en"}).body.decode()
        pages += 1
        older = re.findall(r'<a class="button" rel="next" href="([^"#]*cursor=[^"#]*)', html)
        address = unescape(older[0]) if older else ""
        assert ("First report of this server" in html) == (not older)
    assert pages <= 10


def test_lifetimes_show_when_a_process_appeared_and_disappeared(fleet: Fleet) -> None:
    page = ServerPage(fleet, "web-1")
    table = page.html.partition('id="lifetimes-caption"')[2].partition("</table>")[0]
    rows = re.findall(r"<tr>.*?</tr>", table, re.DOTALL)[1:]
    assert rows
    for row in rows:
        assert '<svg class="lifeline"' in row
        assert "<title>Seen from " in row
        assert row.count("<td") == 3
    steady = re.search(r"(\d+) processes ran throughout the period and are not shown", page.text)
    assert steady
    assert int(steady[1]) > 10


def test_time_before_the_chosen_period_resets_the_period(fleet: Fleet) -> None:
    query = f"q=a&desde={quote(moment(fleet, 2))}&fecha_hora={quote(moment(fleet, 4))}"
    page = ServerPage(fleet, "web-1", query)
    assert page.answer.status == 303
    location = page.answer.headers["location"]
    assert parse_qs(urlsplit(location).query).keys() == {"q", "fecha_hora"}


def test_every_form_keeps_the_parameters_of_the_others(fleet: Fleet) -> None:
    at, since = moment(fleet, 4), moment(fleet, 9)
    known = times.to_text(times.now())
    query = (
        f"fecha_hora={quote(at)}&desde={quote(since)}&q=a&orden=-name&conocido_en={quote(known)}"
    )
    html = ServerPage(fleet, "web-1", query).html
    forms = re.findall(r"<form.*?</form>", html, re.DOTALL)
    assert len(forms) == 4
    for form in forms:
        names = set(re.findall(r'name="(\w+)"', form))
        moved = {"instante"} & names or {"fecha_hora"}
        assert names == {"desde", "q", "orden", "conocido_en"} | moved


def test_data_links_lead_to_the_same_record_and_period(fleet: Fleet) -> None:
    page = ServerPage(fleet, "web-1", f"fecha_hora={quote(moment(fleet, 4))}")
    addresses = {unescape(one) for one in re.findall(r'href="(/servers/[^"]*)"', page.html)}
    assert len(addresses) == 14  # six lists in two formats, the record, and its evidence
    for address in addresses:
        assert fleet.live.get(address).status == 200
