"""Pages say what a moment is worth: wrong clocks, silence, late records, what was known."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from service import times
from service.times import HOUR, MINUTE
from tests.support.live import LiveService
from tests.support.reports import report

DAY = 24 * HOUR
NOW = times.now() // MINUTE * MINUTE
MONDAY = NOW - 7 * DAY
CRON = {"pid": 2, "name": "cron", "username": "root"}
MINER = {"pid": 9, "name": "xmrig", "username": "eva"}
EVA = {"pid": 830, "name": "eva"}
ON, SILENT, AHEAD, STILL, BACK, LOCAL = range(1, 7)  # the servers


def document(server: int, at: int | str, *processes: Any, logins: tuple[Any, ...] = ()) -> Any:
    return report(
        ipaddress=f"10.0.0.{server}",
        fecha_hora=at if isinstance(at, str) else times.to_text(at),
        procesos=[CRON, *processes],
        usuarios_activos=[*logins],
    )


@pytest.fixture(scope="module")
def live(service: LiveService) -> LiveService:
    reports = [
        *(document(ON, at) for at in (MONDAY, MONDAY + HOUR, NOW - 3 * MINUTE)),
        document(ON, MONDAY + MINUTE, MINER),  # late
        document(SILENT, MONDAY, MINER, logins=(EVA,)),
        *(document(AHEAD, NOW + DAY + minute * MINUTE) for minute in range(2)),
        *(document(STILL, NOW - HOUR + n) for n in range(2)),
        document(BACK, NOW - MINUTE),
        *(document(LOCAL, NOW - 3 * HOUR + n) for n in range(2)),
    ]
    for each in reports:
        assert service.post(each).status == 201
    # As if it had arrived when it was taken.
    service.execute("UPDATE report SET received_at = taken_at + 1 WHERE server_id IN (1, 2)")
    service.execute("UPDATE server SET heard_at = ? WHERE id = ?", (MONDAY + 1, SILENT))
    # Rules that take minutes of real time: a clock that stands still, and one that was set back.
    service.execute(
        "UPDATE report SET clock = 'atrasado', taken_at = ?, moved_by = received_at - ?"
        " WHERE server_id = ? AND seq = 2",
        (NOW - HOUR, NOW - HOUR, STILL),
    )
    service.execute(
        "UPDATE report SET clock = 'atrasado', moved_by = received_at - taken_at"
        " WHERE server_id = ?",
        (BACK,),
    )
    return service


def text_of(live: LiveService, address: str, language: str = "en") -> str:
    answer = live.get(address, **{"Accept-Language": language})
    assert answer.status == 200, answer.body
    content = answer.body.decode().partition('id="content"')[2]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", content)).split())


@pytest.mark.parametrize(
    ("server", "said"),
    [
        (
            AHEAD,
            r"The clock of this server is wrong: in this report it is (1 d|23 h [0-9]+ min) ahead",
        ),
        (BACK, r"The clock of this server is wrong: in this report it is .* behind"),
        (LOCAL, r"sends its local time without a zone , which looks like -03:00"),
    ],
)
def test_a_server_page_says_in_words_what_is_wrong_with_its_clock(
    live: LiveService, server: int, said: str
) -> None:
    assert re.search(said, text_of(live, f"/servidor/{server}"))


def test_a_server_page_says_that_a_clock_stands_still(live: LiveService) -> None:
    said = "The clock of this server stands still. In this report it is off by 1 h"
    assert said in text_of(live, f"/servidor/{STILL}")


def test_a_server_with_a_right_clock_has_no_warning(live: LiveService) -> None:
    text = text_of(live, f"/servidor/{ON}")
    assert "clock of this server" not in text
    assert "is silent" not in text


def test_the_fleet_marks_wrong_clocks(live: LiveService) -> None:
    text = text_of(live, "/")
    assert text.count("Clock ahead") == 1
    assert text.count("Clock behind") >= 1


def test_a_silent_server_page_does_not_say_that_its_processes_run(live: LiveService) -> None:
    text = text_of(live, f"/servidor/{SILENT}")
    assert "This server is silent. The processes and logins are those of its last report" in text
    assert "still running" not in text
    past = text_of(live, f"/servidor/{SILENT}?fecha_hora={times.to_text(NOW - DAY)[:10]}")
    assert "This server was silent at that time." in past


def test_pages_of_names_set_silent_servers_apart(live: LiveService) -> None:
    program = text_of(live, "/programa?name=xmrig")
    assert "Running on 0 of 6 servers" in program
    assert "Not running now." in program
    assert "Processes from servers that have fallen silent since" in program
    assert "no report for 7 d" in program
    user = text_of(live, "/usuario?username=eva")
    assert "Open logins 0" in user
    assert "This user has no open logins." in user
    assert "Logins from servers that have fallen silent since" in user
    assert "Current processes 0" in user


@pytest.mark.parametrize("asked", ["fecha_hora", "conocido_en"])
def test_a_page_about_a_moment_gives_no_figures_of_now(live: LiveService, asked: str) -> None:
    at = f"{asked}={times.to_text(MONDAY)[:10]}"
    program = text_of(live, f"/programa?name=cron&{at}")
    assert "Not running at that time." in program
    assert "the history, are of everything that is known now." in program
    user = text_of(live, f"/usuario?username=eva&{at}")
    assert "current processes are of everything that is known now." in user
    for text, figure in (
        (program, "Running on"),
        (program, "Current processes"),
        (program, "Current users"),
        (user, "Open logins 0"),
        (user, "Last reported by silent servers 1"),
    ):
        assert figure not in text


def test_a_past_moment_says_whether_it_is_closed_and_names_late_records(
    live: LiveService,
) -> None:
    at = times.to_text(MONDAY + 2 * MINUTE)[:19].replace(" ", "T")
    text = text_of(live, f"/servidor/{ON}?fecha_hora={at}")
    assert "Closed : no later report changes what is shown here." in text
    assert "shown here. 1 late record Show current state" in text
    assert "Late records These reports arrived after their servers had gone on." in text
    assert "record 4" in text
    assert "xmrig" not in text
    open_text = text_of(live, f"/servidor/{SILENT}?fecha_hora={at}")
    assert "Open for 1 server" in open_text
    assert "Late records" not in open_text
    for path in ("/?", "/programa?name=cron&", "/usuario?username=eva&"):
        page = text_of(live, f"{path}fecha_hora={at}")
        assert "Open for 1 server" in page
        assert "record 4" in page


def test_a_page_shows_what_was_known_and_keeps_it_in_its_links(live: LiveService) -> None:
    at, known = (
        times.to_text(time)[:19].replace(" ", "T") for time in (NOW - DAY, MONDAY + HOUR + MINUTE)
    )
    query = f"fecha_hora={at}&conocido_en={known}"
    for path in ("/?", "/programa?name=cron&", "/usuario?username=eva&", f"/servidor/{ON}?"):
        answer = live.get(f"{path}{query}", **{"Accept-Language": "en"})
        html = unescape(answer.body.decode())
        assert "Only what had arrived by" in html
        assert f'name="conocido_en" step="1" value="{known}"' in html
        links = [
            link
            for link in re.findall(r'href="(/(?:servidor|programa|usuario)[^"#]+)', html)
            if "fecha_hora=" in link
        ]
        assert links
        assert all("conocido_en=" in link for link in links), path
    assert f"report of {times.to_text(MONDAY + HOUR)[:19]}" in text_of(
        live, f"/servidor/{ON}?{query}"
    ).replace(" .", ".")
    early = text_of(live, f"/servidor/{ON}?fecha_hora={at}&conocido_en=2020-01-01")
    assert "Nothing of this server on" in early


def test_the_first_page_says_that_our_clock_went_back(live: LiveService) -> None:
    assert "the clock of this service was wrong" not in text_of(live, "/")
    (kept,) = live.rows("SELECT greatest_arrival_at FROM server WHERE id = 1")
    live.execute("UPDATE server SET greatest_arrival_at = ? WHERE id = 1", (NOW + DAY,))
    assert "the clock of this service was wrong, or is wrong now" in text_of(live, "/")
    assert "el reloj de este servicio estuvo mal" in text_of(live, "/", "es")
    live.execute("UPDATE server SET greatest_arrival_at = ? WHERE id = 1", kept)


def test_a_wrong_moment_of_knowledge_is_explained(live: LiveService) -> None:
    answer = live.get("/programa?conocido_en=ayer", **{"Accept-Language": "en"})
    assert answer.status == 400
    assert "a date from 1970 to 9999 in UTC" in answer.body.decode()
