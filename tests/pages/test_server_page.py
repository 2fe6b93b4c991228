"""/servidor/{servidor}: what the page says of a server, and of the moment that it shows."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from service import times
from tests.pages.fleet import MINUTE, Fleet

INTERVAL = 30 * MINUTE  # between two reports of a server


class Shown:
    """A page, as text and as links."""

    def __init__(self, fleet: Fleet, name: str, query: str = "", language: str = "en") -> None:
        self.path = f"/servidor/{fleet.servers[name]}"
        address = self.path + (f"?{query}" if query else "")
        self.answer = fleet.live.request("GET", address, headers={"Accept-Language": language})
        self.html = self.answer.body.decode()
        self.text = " ".join(unescape(re.sub(r"<[^>]*>", "", self.html)).split())

    def link(self, label: str) -> str:
        """The address of the one link that is called so."""
        found = re.findall(rf'<a [^>]*href="([^"]*)"[^>]*>\W*{label}\W*</a>', self.html)
        assert len(found) == 1, (label, found)
        return unescape(str(found[0]))

    def pids(self) -> list[int]:
        table = self.html.partition('id="processes-caption"')[2].partition("</table>")[0]
        return [int(pid) for pid in re.findall(r'<tr>\s*<td class="count">(\d+)</td>', table)]


def moment(fleet: Fleet, reports_ago: float) -> str:
    return times.to_text(round(fleet.ends_at - reports_ago * INTERVAL))


def asked(address: str) -> str:
    return parse_qs(urlsplit(address).query)["fecha_hora"][0]


def test_now_the_newest_report_is_shown(fleet: Fleet) -> None:
    page = Shown(fleet, "web-1")
    newest = moment(fleet, 0)[:19]
    assert f"What is shown is as the report of {newest} says. It is the newest one." in page.text
    assert f"up to date last heard at {newest}" in page.text
    assert 'rel="next"' not in page.html.partition('id="processes"')[0]
    assert asked(page.link("Report before")) == moment(fleet, 1)


def test_a_moment_between_two_reports_shows_the_earlier_and_tells_of_the_other(
    fleet: Fleet,
) -> None:
    page = Shown(fleet, "web-1", f"fecha_hora={quote(moment(fleet, 6.5))}")
    shown, following = moment(fleet, 7), moment(fleet, 6)
    assert f"as the report of {shown[:19]} says" in page.text
    assert f"The one after it is of {following[:19]}." in page.text
    assert asked(page.link("Report before")) == moment(fleet, 8)
    assert asked(page.link("Report after")) == following
    assert asked(page.link("First report")) == moment(fleet, 47)
    assert page.link("Back to now") == page.path


def test_the_moment_of_a_report_shows_that_report(fleet: Fleet) -> None:
    page = Shown(fleet, "web-1", f"fecha_hora={quote(moment(fleet, 7))}")
    assert f"as the report of {moment(fleet, 7)[:19]} says" in page.text


def test_before_its_first_report_a_server_was_not_known(fleet: Fleet) -> None:
    page = Shown(fleet, "web-1", "fecha_hora=2020-02-15")
    assert page.answer.status == 200
    assert "this server was not known yet" in page.text
    assert asked(page.link("Its first report")) == moment(fleet, 47)


def test_a_silent_server_says_since_when(fleet: Fleet) -> None:
    page = Shown(fleet, "sensor-planta")
    assert re.search(r"silent last heard at [\d: -]+, \d+ h( \d+ min)? without a report", page.text)


def test_a_clone_is_warned_of(fleet: Fleet) -> None:
    for name in ("clon-a", "clon-b"):
        assert "Another machine reports with the same machine id" in Shown(fleet, name).text
    assert "same machine id" not in Shown(fleet, "web-1").text


@pytest.mark.parametrize("order", ["pid", "name", "username", "inicio"])
def test_processes_are_sorted_by_each_column_in_both_directions(fleet: Fleet, order: str) -> None:
    record = fleet.live.get(f"/servers/{fleet.records['web-1']}/procesos").json()["procesos"]
    for sign in ("", "-"):
        page = Shown(fleet, "web-1", f"orden={sign}{order}")
        by_pid = {process["pid"]: process[order] for process in record}
        found = [by_pid[pid] for pid in page.pids()]
        assert found == sorted(found, reverse=bool(sign))
        assert len(found) == len(record)
        direction = "descending" if sign else "ascending"
        assert page.html.count("aria-sort=") == page.html.count(f'aria-sort="{direction}"') == 1
        turned = "" if sign else "-"
        assert f"orden={turned}{order}#processes" in page.html


@pytest.mark.parametrize(
    ("text", "found"), [("NGINX", 5), ("www-data", 12), ("--nodaemonize", 1), ("nothing", 0)]
)
def test_a_search_finds_names_users_commands_and_pids(fleet: Fleet, text: str, found: int) -> None:
    page = Shown(fleet, "web-1", f"q={text}")
    assert len(page.pids()) == found
    assert (f"{found} of " in page.text) == (found > 0)
    assert page.link("All processes") == f"{page.path}#processes"


def test_a_search_for_a_number_finds_the_process_of_that_pid(fleet: Fleet) -> None:
    record = fleet.live.get(f"/servers/{fleet.records['web-1']}/procesos").json()["procesos"]
    pid = record[-1]["pid"]
    assert pid in Shown(fleet, "web-1", f"q={pid}").pids()


def test_each_change_stands_between_the_two_reports_that_bracket_it(fleet: Fleet) -> None:
    page = Shown(fleet, "bd-1", "desde=2020-01-01")
    answer = fleet.live.get(f"/servers/{fleet.records['bd-1']}/cambios?limit=1000").json()
    told = page.text.partition("it happened between the two.")[2]
    (upgrade,) = [one for one in answer["cambios"] if one["atributo"] == "version_so"]
    before, after = upgrade["fecha_hora_antes"][:19], upgrade["fecha_hora_despues"][:19]
    end = after.removeprefix(before[:11]) if after.startswith(before[:11]) else after
    assert f"{before} \N{EN DASH} {end} " in told
    assert "Version: 12 → 13" in told
    assert told.count(" came pid ") <= sum(
        one["tipo"] == "proceso_aparece" for one in answer["cambios"]
    )
    assert told.index("Version: 12") > told.index("logged")  # the newest stand first


def test_older_changes_follow_on_further_pages_until_the_first_report(fleet: Fleet) -> None:
    address, pages = f"/servidor/{fleet.servers['web-3']}?desde=2020-01-01", 0
    while address:
        html = fleet.live.get(address, **{"Accept-Language": "en"}).body.decode()
        pages += 1
        older = re.findall(r'<a class="button" rel="next" href="([^"#]*cursor=[^"#]*)', html)
        address = unescape(older[0]) if older else ""
        assert ("First report of this server" in html) == (not older)
    assert pages <= 10


def test_lifetimes_say_when_a_process_came_and_went_as_far_as_reports_tell(fleet: Fleet) -> None:
    page = Shown(fleet, "web-1")
    lives = page.html.partition('id="lives-caption"')[2].partition("</table>")[0]
    rows = re.findall(r"<tr>.*?</tr>", lives, re.DOTALL)[1:]
    assert rows
    for row in rows:
        assert '<svg class="life"' in row
        assert "<title>Seen from " in row
        assert row.count("<td") == 3
    steady = re.search(r"(\d+) processes ran all the time and are not drawn", page.text)
    assert steady
    assert int(steady[1]) > 10


def test_a_span_that_the_moment_moved_out_of_is_left(fleet: Fleet) -> None:
    query = f"q=a&desde={quote(moment(fleet, 2))}&fecha_hora={quote(moment(fleet, 4))}"
    page = Shown(fleet, "web-1", query)
    assert page.answer.status == 303
    location = page.answer.headers["location"]
    assert parse_qs(urlsplit(location).query).keys() == {"q", "fecha_hora"}


def test_every_form_keeps_what_the_others_chose(fleet: Fleet) -> None:
    then, since = moment(fleet, 4), moment(fleet, 9)
    query = f"fecha_hora={quote(then)}&desde={quote(since)}&q=a&orden=-name"
    html = Shown(fleet, "web-1", query).html
    forms = re.findall(r"<form.*?</form>", html, re.DOTALL)
    assert len(forms) == 4
    for form in forms:
        names = set(re.findall(r'name="(\w+)"', form))
        moved = {"instante"} & names or {"fecha_hora"}
        assert names == {"desde", "q", "orden"} | moved


def test_data_links_lead_to_the_same_record_and_span(fleet: Fleet) -> None:
    page = Shown(fleet, "web-1", f"fecha_hora={quote(moment(fleet, 4))}")
    addresses = {unescape(one) for one in re.findall(r'href="(/servers/[^"]*)"', page.html)}
    assert len(addresses) == 9  # four lists in two formats, and the record
    for address in addresses:
        assert fleet.live.get(address).status == 200
