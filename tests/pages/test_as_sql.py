"""What a page shows as SQL gives the rows that the page shows."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from service.http.parameters import Query
from service.pages import as_sql
from service.store.read.name_filters import ProcessFilter
from service.store.read.server_filter import ServerFilter
from tests.pages.fleet import Fleet

Rows = list[tuple[Any, ...]]


class Shown(NamedTuple):
    """A SQL of a page, and the rows of the tables of its section."""

    sql: str
    addresses: list[str]
    rows: list[str]  # of HTML
    next_page: str | None


def shown(fleet: Fleet, address: str, section: str) -> Shown:
    page = fleet.live.get(address).body.decode()
    found = re.search(rf'<section [^>]*id="{section}".*?</section>', page, re.DOTALL)
    assert found
    part = found[0]
    sql = re.search(r'<details class="sql">.*?<code>(.*?)</code>', part, re.DOTALL)
    assert sql
    links = re.findall(r'href="(/consultar[^"]*)"', part)
    tables = "".join(re.findall(r"<tbody>(.*?)</tbody>", part, re.DOTALL))
    rows = re.findall(r"<tr>(.*?)</tr>", tables, re.DOTALL)
    following = re.search(r'rel="next" href="([^"#]*)', part)
    next_page = unescape(following[1]) if following else None
    return Shown(unescape(sql[1]), [unescape(link) for link in links], rows, next_page)


def answer(fleet: Fleet, address: str, *columns: str) -> Rows:
    """The rows that the link to the query page asks for, without the others columns."""
    given = dict(parse_qsl(urlsplit(address).query))
    body = json.dumps({"sql": given.pop("sql")}).encode()
    found = fleet.live.request("POST", f"/consulta?{urlencode(given)}", body).json()
    assert "filas" in found, found
    places = [found["columnas"].index(column) for column in columns]
    return [tuple(row[place] for place in places) for row in found["filas"]]


def numbers(row: str) -> tuple[int, ...]:
    """The server that a row links to, and its pid."""
    server = re.search(r"/servidor/([0-9]+)", row)
    pid = re.search(r'<td class="count">([0-9]+)</td>', row)
    return tuple(int(found[1]) for found in (server, pid) if found)


@pytest.mark.parametrize(
    "asked",
    ["", "estado=silencioso", "ipaddress=192.168.0.0/16", "nombre_so=Debian GNU/Linux", "hours"],
)
def test_the_list_of_servers(fleet: Fleet, asked: str) -> None:
    given = f"fecha_hora={fleet.ago(6)}&estado=al_dia" if asked == "hours" else asked
    address = f"/?{given.replace(' ', '+')}"
    page = shown(fleet, address, "servers")
    (link,) = page.addresses
    states = ["silencioso" if "state silent" in row else "al_dia" for row in page.rows]
    expected = [(*numbers(row), state) for row, state in zip(page.rows, states, strict=True)]
    assert expected
    assert answer(fleet, link, "servidor", "estado") == expected


@pytest.mark.parametrize("server", ["bd-1", "sensor-planta", "ci-1"])
def test_the_processes_and_logins_of_a_server(fleet: Fleet, server: str) -> None:
    address = f"/servidor/{fleet.servers[server]}"
    if server == "ci-1":
        address += f"?fecha_hora={fleet.ago(3)}"
    page = shown(fleet, address, "processes")
    (link,) = page.addresses
    pids = [numbers(row) for row in page.rows]
    assert pids
    assert answer(fleet, link, "pid") == pids
    logins = shown(fleet, address, "logins")
    (link,) = logins.addresses
    assert len(answer(fleet, link, "username")) == len(logins.rows)


@pytest.mark.parametrize(
    ("asked", "is_past"),
    [
        ("name=nginx", False),
        ("name=*D*&username=root", False),
        ("name=sshd", False),
        ("name=cc1plus*", True),
    ],
)
def test_the_occurrences_of_a_program(fleet: Fleet, asked: str, is_past: bool) -> None:
    moment = f"&fecha_hora={fleet.ago(3)}" if is_past else ""
    page = shown(fleet, f"/programa?{asked}{moment}", "running")
    now, *silent = page.addresses
    found = answer(fleet, now, "servidor", "pid")
    assert len(found) > 0
    for link in silent:
        found += answer(fleet, link, "servidor", "pid")
    rows, following = page.rows, page.next_page
    while following:
        page = shown(fleet, following, "running")
        rows, following = [*rows, *page.rows], page.next_page
    assert sorted(numbers(row) for row in rows) == sorted(found)


@pytest.mark.parametrize("username", ["juan", "root", "*"])
def test_the_logins_and_programs_of_a_user(fleet: Fleet, username: str) -> None:
    page = shown(fleet, f"/usuario?username={username}", "logins")
    now, *silent = page.addresses
    found = answer(fleet, now, "servidor")
    for link in silent:
        found += answer(fleet, link, "servidor")
    assert [numbers(row) for row in page.rows] == found
    programs = shown(fleet, f"/usuario?username={username}", "programs")
    (link,) = programs.addresses
    counts = sorted((count for (count,) in answer(fleet, link, "procesos")), reverse=True)
    drawn = [int(re.findall(r">([0-9]+)</td>", row)[-1]) for row in programs.rows]
    assert drawn == counts[: len(drawn)]
    assert drawn or username == "juan"


def test_texts_that_sql_cannot_say_have_none() -> None:
    query = Query("")
    assert as_sql.servers(ServerFilter(q="web"), query) is None
    for name in ("a\nb", "a\u202eb", "\u3164", "a\x1b[31m", "*" + "x" * 300):
        assert as_sql.processes(ProcessFilter(name=name), query) is None, name


def test_quotes_stay_within_the_text() -> None:
    found = as_sql.processes(ProcessFilter(name="o'b' OR 1 --", username="x_%!*"), Query(""))
    assert found
    assert "name = 'o''b'' OR 1 --'" in found.sql
    assert "username LIKE 'x!_!%!!%' ESCAPE '!'" in found.sql


def test_an_address_that_is_too_long_has_no_link() -> None:
    name = "\N{SNOWMAN}" * 1000
    found = as_sql.processes(ProcessFilter(name=name), Query(""))
    assert found
    assert found.address is None
