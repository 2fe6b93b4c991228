"""/reglas, /regla/{id}, /incumplimientos, and what the first page and a server's say of rules."""

from __future__ import annotations

import re
from contextlib import closing
from html import unescape
from urllib.parse import urlencode

from service import times
from service.store.engines import open_database
from service.times import DAY, SECOND
from tests.pages.fleet import Fleet
from tests.pages.judged_fleet import HOSTILE
from tests.pages.test_fleet_page import figures, get_page, text_of
from tests.support.judged import Judging, fails
from tests.support.lists import csv_of
from tests.support.live import LiveService, wait_until
from tests.support.reports import report


def table(html: str, caption: str) -> list[list[str]]:
    """The cells of the rows of the table with this id of its caption."""
    body = html.partition(f'id="{caption}"')[2].partition("<tbody>")[2].partition("</tbody>")[0]
    return [
        [text_of(cell) for cell in re.findall(r"<t[dh][^>]*>.*?</t[dh]>", row, re.DOTALL)]
        for row in body.split("</tr>")[:-1]
    ]


def links(html: str, start: str) -> list[str]:
    return [
        unescape(link) for link in re.findall(r'href="([^"]*)"', html) if link.startswith(start)
    ]


def test_the_number_on_the_first_page_is_that_of_the_list_whatever_comes_late(
    fresh_service: LiveService,
) -> None:
    live = fresh_service.start()
    with closing(open_database(live.database)) as database:
        judging = Judging(database)
        judging.take_up("minero", at=0)
        first = live.post(report(ipaddress="10.0.0.1")).json()["id_serv"]
        judging.report(first, minero=fails("xmrig", "minerd"))
        # The page shows whole seconds of which all is judged.
        arrived = live.rows("SELECT received_at FROM report")[0][0]
        wait_until(lambda: times.now() // SECOND > arrived // SECOND + 1)
        html = get_page(live, "/")
        (address,) = links(html, "/incumplimientos?")
        second = live.post(report(ipaddress="10.0.0.2")).json()["id_serv"]
        judging.report(second, minero=fails("xmrig"))
        third = live.post(report(ipaddress="10.0.0.1", fecha_hora="2021-01-01 00:00:00"))
        third_id = third.json()["id_serv"]
        late = live.post(report(ipaddress="10.0.0.1", fecha_hora="2020-06-01 00:00:00"))
        judging.late(late.json()["id_serv"], first, third_id, minero=fails("xmrig"))
        judging.report(third_id, minero=fails("xmrig"))
    ((arrived,),) = live.rows("SELECT received_at FROM late_sighting")
    wait_until(lambda: times.now() // SECOND > arrived // SECOND + 1)
    shown = table(get_page(live, "/incumplimientos"), "violations-caption")
    assert sum("also shown by late reports 2020-06-01" in " ".join(row) for row in shown) == 1
    rows = live.get("/violaciones").json()["violaciones"]
    assert [row["tardios"][0]["id_serv"] for row in rows if row["tardios"]] == [third_id + 1]
    listed = table(get_page(live, address), "violations-caption")
    assert str(len(listed)) == figures(html)["Open violations"] == "2"


def test_each_number_of_a_rule_is_that_of_the_list_it_leads_to(fleet: Fleet) -> None:
    html = get_page(fleet.live, "/reglas")
    row = next(row for row in table(html, "rules-caption") if row[0] == "Cryptocurrency miner")
    failing, unknown, passing, share, not_applicable, violations = row[2:]
    counts = {"falla": failing, "desconocido": unknown, "no_aplica": not_applicable}
    assert share == f"{100 * int(passing) // (int(passing) + int(failing) + int(unknown))} %"
    for verdict, count in counts.items():
        (address,) = (
            link for link in links(html, "/regla/minero?") if f"veredicto={verdict}" in link
        )
        assert len(table(get_page(fleet.live, address), "servers-caption")) == int(count) > 0
    (address,) = (link for link in links(html, "/incumplimientos?") if "minero" in link)
    assert len(table(get_page(fleet.live, address), "violations-caption")) == int(violations)


def test_a_failure_names_what_fails_and_that_it_began_before_its_first_report(
    fleet: Fleet,
) -> None:
    address = f"/incumplimientos?servidor={fleet.servers['web-1']}"
    ((server, rule, severity, evidence, began, _, state),) = table(
        get_page(fleet.live, address), "violations-caption"
    )
    assert (server, rule, severity) == ("web-1", "Cryptocurrency miner", "Critical")
    assert evidence.startswith("xmrig runs as ana.")
    assert "username : ana" in evidence
    assert began.startswith("before 20")
    assert state == "Open"


def test_a_silent_server_is_unknown_and_its_violation_stays_open(fleet: Fleet) -> None:
    server = fleet.servers["sensor-planta"]
    page = get_page(fleet.live, f"/incumplimientos?servidor={server}")
    (row,) = table(page, "violations-caption")
    assert row[-1] == "Open, unknown now the server is silent"
    html = get_page(fleet.live, f"/servidor/{server}")
    assert "what failed then is open, and unknown now" in text_of(html)
    rules = {row[0]: row[2:] for row in table(html, "rules-caption")}
    verdict, since, violations = rules["Cryptocurrency miner"]
    assert (verdict, violations) == ("Unknown the server is silent", "1")
    assert since.startswith("between 20")


OF_RULES = ("/", "/reglas", "/regla/minero", "/incumplimientos")


def test_a_page_says_that_reports_wait_for_the_evaluator(fleet: Fleet) -> None:
    server = fleet.servers["bd-2"]
    fleet.live.execute("UPDATE judged SET seq = seq - 1")
    try:
        for address in (*OF_RULES, f"/servidor/{server}"):
            assert "silence neither" in text_of(get_page(fleet.live, address)), address
    finally:
        fleet.live.execute("UPDATE judged SET seq = seq + 1")


def test_a_page_says_that_one_server_sends_more_than_is_judged(fleet: Fleet) -> None:
    server, other = fleet.servers["bd-2"], fleet.servers["web-1"]
    newest = "SELECT max(id) FROM report WHERE server_id = ? AND seq > 0"
    ((report_id,),) = fleet.live.rows(newest, (server,))
    ((arrived,),) = fleet.live.rows("SELECT received_at FROM report WHERE id = ?", (report_id,))
    arrives = "UPDATE report SET received_at = ? WHERE id = ?"
    fleet.live.execute("UPDATE judged SET seq = seq - 1 WHERE server_id = ?", (server,))
    fleet.live.execute(arrives, (times.now() - 11 * SECOND, report_id))
    try:
        for address in OF_RULES:
            shown = text_of(get_page(fleet.live, address))
            assert "One server sends more than is judged" in shown, address
            assert "silence neither" not in shown
        for address, waits in ((f"/servidor/{server}", True), (f"/servidor/{other}", False)):
            assert ("silence neither" in text_of(get_page(fleet.live, address))) == waits
    finally:
        fleet.live.execute("UPDATE judged SET seq = seq + 1 WHERE server_id = ?", (server,))
        fleet.live.execute(arrives, (arrived, report_id))


def test_a_page_says_whether_the_verdict_at_a_moment_may_still_change(
    fresh_service: LiveService,
) -> None:
    live = fresh_service.start()
    with closing(open_database(live.database)) as database:
        judging = Judging(database)
        judging.take_up("minero", at=0)
        for day in ("2021-01-01", "2021-01-03"):
            record = live.post(report(fecha_hora=f"{day} 00:00:00")).json()["id_serv"]
            judging.report(record, minero=fails("xmrig"))
    arrived = times.now()
    wait_until(lambda: times.now() // SECOND > arrived // SECOND + 1)
    said, to_come = "open: a later report may still change it", "That moment has not come yet"
    ahead = times.to_text(times.now() + DAY)
    for at, is_open in (("2021-01-02", False), ("2021-01-03", True), (ahead, True)):
        moment = urlencode({"fecha_hora": at})
        for path in ("/servers/1/cumplimiento", "/politicas/minero"):
            document = live.get(f"{path}?{moment}").json()
            (row,) = document.get("cumplimiento") or document["veredictos"]
            (line,) = csv_of(live.get(f"{path}?{moment}&formato=csv"))
            assert row["momento"] == line["momento"] == ("abierto" if is_open else "cerrado")
        for page, caption in (
            ("/servidor/1", "rules-caption"),
            ("/regla/minero", "servers-caption"),
        ):
            (cells,) = table(get_page(live, f"{page}?{moment}"), caption)
            assert (said in cells[2]) == is_open, page
        for page in ("/reglas", "/regla/minero", "/incumplimientos", "/cumplimiento", "/controles"):
            assert (to_come in text_of(get_page(live, f"{page}?{moment}"))) == (at == ahead), page
    assert said not in text_of(get_page(live, "/regla/minero"))


def test_a_rule_is_shown_in_the_language_of_the_page(fleet: Fleet) -> None:
    english = text_of(get_page(fleet.live, "/regla/minero"))
    spanish = text_of(get_page(fleet.live, "/regla/minero?idioma=es"))
    assert "A miner that nobody installed is a sign of an intrusion." in english
    assert "Un minero que nadie instaló es señal de una intrusión." in spanish
    assert "SELECT name, username" in english


def test_names_in_evidence_are_text(fleet: Fleet) -> None:
    server = fleet.servers[HOSTILE]
    html = get_page(fleet.live, f"/incumplimientos?servidor={server}")
    assert "<script>window" not in html
    assert "\u202e" not in html
    assert "\x1b" not in html


def test_no_page_about_rules_claims_more_than_reports_show(fleet: Fleet) -> None:
    for address in ("/reglas", "/regla/minero", "/incumplimientos", "/servidor/1"):
        text = text_of(get_page(fleet.live, address)).lower()
        assert not re.search(r"\b(compliant|certified|secure)\b", text), address
