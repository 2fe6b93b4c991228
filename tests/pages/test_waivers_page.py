"""/dispensas, and what the other pages say of waivers. They change no number that was there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from service import times
from service.times import DAY, HOUR, MINUTE, SECOND
from tests.pages.test_fleet_page import text_of
from tests.pages.test_rules_pages import links, table
from tests.support.judged import SILENT, fails
from tests.support.waived import START, UNTIL, WaivedApi

HOSTILE = '<b onclick="x">=1</b>'


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WaivedApi]:
    made = WaivedApi(tmp_path, monkeypatch)
    with closing(made.database):
        yield made


def page(api: WaivedApi, path: str, scope: str = "lectura", **query: str) -> str:
    answer = api.ask("GET", path, scope=scope, **query)
    assert answer.status_code == 200, answer.text
    assert HOSTILE not in answer.text
    text: str = answer.text
    return text


def test_the_page_lists_what_ends_soon_first_and_what_ended_last(api: WaivedApi) -> None:
    ended = api.waived(servidor=3)
    api.ask("DELETE", f"/exenciones/{ended}")
    api.waived(servidor=3, motivo="idle")
    api.waived(servidor=2, motivo=HOSTILE, clave={"name": "xmrig"})
    api.waived(red="10.0.0.0/8", hasta="2026-03-01T11:01", motivo="soon")
    api.now = START + 59 * MINUTE
    html = page(api, "/dispensas")
    rows = table(html, "waivers-caption")
    assert [(row[1], row[2], row[-1]) for row in rows] == [
        ("Servers in 10.0.0.0/8", "Coming to an end", "3"),
        ('Server 2 {"name":"xmrig"}', "In force", "1"),
        ("Server 3", "Idle", "0"),
        ("Server 3", "Ended", "0"),
    ]
    assert rows[1][4] == HOSTILE
    assert "revoked at 2026-03-01 10:01:00" in rows[3][3]
    assert [row[2] for row in table(page(api, "/dispensas", estado="ociosa"), "waivers-caption")]
    assert table(page(api, "/dispensas", politica="other"), "waivers-caption") == []
    spanish = page(api, "/dispensas", idioma="es")
    assert table(spanish, "waivers-caption")[0][2] == "Por vencer"
    then = page(api, "/dispensas", fecha_hora=times.to_text(START))
    assert "Nothing was waived." in text_of(then)


def test_every_page_says_what_is_waived_beside_the_same_numbers(api: WaivedApi) -> None:
    pages = ("/reglas", "/regla/minero", "/incumplimientos", "/servidor/2", "/cumplimiento")
    before = {path: page(api, path) for path in (*pages, "/controles", "/controles/ens")}
    assert not any("waived until" in html for html in before.values())
    number = api.waived(servidor=2, motivo=HOSTILE)
    api.now += MINUTE
    after = {path: page(api, path) for path in before}
    for path in ("/regla/minero", "/incumplimientos", "/servidor/2"):
        assert "waived until 2026-03-12 00:00" in text_of(after[path]), path
        assert f"/dispensas#waiver-{number}" in links(after[path], "/dispensas#"), path
    for path in ("/reglas", "/regla/minero"):
        assert "2 1 waived" in text_of(after[path]), path
    assert "Of those that fail, 1 is waived." in text_of(after["/servidor/2"])
    (first, second, third) = table(after["/cumplimiento"], "matrix-caption")
    assert (first[1], first[-1]) == ("1", "✗")
    assert (second[1], second[-1]) == ("1 1 waived", "(✗)")  # below what is not waived
    assert third[1] == "0"
    for path, caption in (("/controles/ens", "controls"), ("/controles", "frameworks")):
        was, now = (table(html[path], f"{caption}-caption") for html in (before, after))
        assert [[cell.replace(" 1 waived", "") for cell in row] for row in now] == was


def test_a_control_that_fails_by_waived_failures_alone_says_so(api: WaivedApi) -> None:
    api.waived(red="10.0.0.0/8")
    api.now += MINUTE
    for row in table(page(api, "/controles/ens"), "controls-caption"):
        assert (row[1], row[2]) == ("Fails, waived", "2 2 waived")
    answer = api.ask("GET", "/marcos/ens").json
    found = {(row["veredicto"], row["exenta"], row["exentas"]) for row in answer["controles"]}
    assert found == {("falla", True, 2)}
    (ens, *_) = api.ask("GET", "/marcos").json["marcos"]
    assert ens["fallan"] == ens["exentos"] == len(answer["controles"])
    rows = api.ask("GET", "/matriz").json["servidores"]
    assert [(row["falla"], row["exentas"], row["reglas_exentas"]) for row in rows] == [
        (1, 1, "minero"),
        (1, 1, "minero"),
        (0, 0, ""),
    ]


def test_a_key_of_a_rule_that_reads_command_lines_is_shown_to_administrators(
    api: WaivedApi,
) -> None:
    api.waived(servidor=1, clave={"name": "hunter2"})
    with api.database.transaction() as connection:
        connection.execute("UPDATE policy_text SET command_lines = 1")
    html = page(api, "/dispensas")
    assert "hunter2" not in html
    assert "shown to administrators only" in html
    assert "hunter2" in page(api, "/dispensas", scope="admin")


def test_the_end_of_a_waiver_is_seen_without_a_report(api: WaivedApi) -> None:
    api.waived(servidor=2, hasta="2026-03-01T12:00")
    api.now += 2 * SECOND
    assert re.search(r"waived until", page(api, "/incumplimientos", fecha_hora="2026-03-01T11:00"))
    for server in (1, 2, 3):
        api.judging.event(server, "silencio", START + HOUR, minero=SILENT)
    api.now = START + DAY
    assert "waived until" not in page(api, "/incumplimientos")


def test_a_number_leads_to_as_many_violations(api: WaivedApi) -> None:
    tags = f"/servers/{api.records[0]}/etiquetas/entorno"
    assert api.ask("PUT", tags, {"valor": "pruebas"}).status_code < 300
    with api.database.transaction() as connection:  # told by another clock
        connection.execute("UPDATE tag_change SET told_at = :at", {"at": api.now})
        connection.execute("UPDATE judged SET tag_id = (SELECT max(id) FROM tag_change)")
    api.waived(servidor=2)
    api.waived(etiqueta="entorno=pruebas")
    api.waived(red="10.0.0.0/8")
    api.waived(servidor=1, clave={"name": "xmrig"})
    api.now += MINUTE
    html = page(api, "/dispensas")
    assert [row[-1] for row in table(html, "waivers-caption")] == ["1", "3", "2", "1"]
    found = links(html, "/incumplimientos?conocido_en=")  # no list has the others alone
    of_tag, of_server = found
    assert of_tag.endswith("&politica=minero&abiertas=si&etiqueta=entorno%3Dpruebas")
    assert of_server.endswith("&politica=minero&abiertas=si&servidor=2")
    # What comes in until somebody follows the links changes nothing of their lists.
    api.now += MINUTE
    for number in (1, 2):
        api.judging.report(api.report(number), minero=fails("xmrig", "minerd", "t-rex"))
    api.now += MINUTE
    assert [len(table(page(api, link), "violations-caption")) for link in found] == [2, 1]
    assert [row[-1] for row in table(page(api, "/dispensas"), "waivers-caption")] == [
        *("1", "6", "3", "3")
    ]


def test_a_number_is_of_the_moment_until_which_all_is_judged(api: WaivedApi) -> None:
    api.waived(servidor=2)
    api.now += MINUTE
    waits = api.report(2)
    api.now += SECOND
    api.judging.report(api.report(1), minero=fails("xmrig", "minerd"))
    html = page(api, "/dispensas")
    assert "Reports are judged up to their arrival at 2026-03-01 10:01:59" in text_of(html)
    (link,) = links(html, "/incumplimientos?conocido_en=")
    api.judging.report(waits, minero=fails("xmrig", "minerd"))
    assert len(table(page(api, link), "violations-caption")) == 1
    assert "waived until" in page(api, link)
    api.now += SECOND // 2
    api.waived(servidor=1)  # the settled second does not know of it, and would not mark it
    html = page(api, "/dispensas")
    assert [row[-1] for row in table(html, "waivers-caption")] == ["2", "2"]
    (link,) = links(html, "/incumplimientos?conocido_en=")
    assert link.endswith("servidor=2")


def test_the_states_of_waivers_are_feminine_and_idle_ones_are_no_alarm(api: WaivedApi) -> None:
    ended = api.waived(servidor=3)
    api.ask("DELETE", f"/exenciones/{ended}")
    api.waived(servidor=3)
    api.now += MINUTE
    html = page(api, "/dispensas", idioma="es")
    assert [row[2] for row in table(html, "waivers-caption")] == ["Ociosa", "Terminada"]
    heads = re.findall(r"<dt>(Exenciones [^<]*)</dt>", html)
    assert heads == [
        f"Exenciones {each}" for each in ("por vencer", "vigentes", "ociosas", "terminadas")
    ]
    assert "state silent" not in html


FORM = {
    "Content-Type": "application/x-www-form-urlencoded",
    "Origin": "http://localhost",
    "Host": "localhost",
}


def sent(api: WaivedApi, path: str, scope: str = "admin", **fields: str) -> Any:
    headers = FORM | {"Cookie": f"sesion={api.secrets[scope]}"}
    return api.client.simulate_post(path, body=urlencode(fields), headers=headers)


def test_administrators_tell_and_revoke_waivers_by_forms(api: WaivedApi) -> None:
    fields = {"politica": "minero", "servidor": "2", "etiqueta": "", "red": "", "hasta": UNTIL}
    assert sent(api, "/dispensas", "lectura", **fields, motivo="x").status_code == 403
    for wrong in ({}, {"motivo": ""}, {"motivo": "x", "red": "10.0.0.0/8"}):
        assert sent(api, "/dispensas", **fields | wrong).status_code == 400
    assert api.waivers() == []
    answer = sent(api, "/dispensas", **fields, motivo="año nuevo")
    assert (answer.status_code, answer.headers["location"]) == (303, "/dispensas#waiver-1")
    assert api.marks()[2, "xmrig"] == 1
    assert api.waivers()[0]["motivo"] == "año nuevo"
    assert 'method="post"' in page(api, "/dispensas", scope="admin")
    assert 'action="/dispensas/1/revocar"' in page(api, "/dispensas", scope="admin")
    assert 'method="post" action="/dispensas' not in page(api, "/dispensas")
    assert sent(api, "/dispensas/1/revocar", "lectura").status_code == 403
    assert sent(api, "/dispensas/1/revocar").status_code == 303
    assert api.waivers()[0]["estado"] == "terminada"
    assert sent(api, "/dispensas/1/revocar").status_code == 409
    assert "/revocar" not in page(api, "/dispensas", scope="admin")


def test_a_form_of_another_site_revokes_nothing(api: WaivedApi) -> None:
    api.waived(servidor=2)
    headers = FORM | {"Cookie": f"sesion={api.secrets['admin']}", "Origin": "http://evil.example"}
    answer = api.client.simulate_post("/dispensas/1/revocar", body="", headers=headers)
    assert answer.status_code in {401, 403}
    assert api.waivers()[0]["revocada"] is None
