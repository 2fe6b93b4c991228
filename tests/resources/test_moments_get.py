"""Moments of the past: what is shown, what lies beside it, and what was known of it."""

from __future__ import annotations

from typing import Any

import pytest

from service import times
from service.times import HOUR, MINUTE
from tests.support.lists import address, csv_of
from tests.support.live import LiveService
from tests.support.reports import report

DAY = 24 * HOUR
NOW = times.now() // MINUTE * MINUTE
MONDAY = NOW - 7 * DAY
CRON, MINER = (
    {"pid": 2, "name": "cron", "username": "root"},
    {"pid": 9, "name": "xmrig", "username": "eva"},
)
JUAN = {"pid": 829, "name": "juan"}
PATHS = ("/servers", "/procesos", "/usuarios_activos")
each_path = pytest.mark.parametrize("path", PATHS)


def text(at: int) -> str:
    return times.to_text(at)


@pytest.fixture(scope="module")
def live(service: LiveService) -> LiveService:
    """A server that goes on, with a late report of Monday; and a silent one."""

    def post(ip: str, at: int, *processes: Any) -> None:
        document = report(
            ipaddress=ip,
            fecha_hora=text(at),
            procesos=[CRON, *processes],
            usuarios_activos=[JUAN],
        )
        assert service.post(document).status == 201

    for at in (MONDAY, MONDAY + HOUR, MONDAY + 2 * HOUR, NOW - 3 * MINUTE):
        post("10.0.0.1", at)
    post("10.0.0.2", MONDAY, MINER)
    post("10.0.0.1", MONDAY + HOUR + MINUTE, MINER)  # now: somebody changes the past
    # As if each had arrived when it was taken; the late one, today.
    service.execute("UPDATE report SET received_at = taken_at + 1 WHERE seq > 0")
    service.execute("UPDATE server SET heard_at = ? WHERE id = 2", (MONDAY + 1,))
    return service


def ask(live: LiveService, path: str, **parameters: object) -> dict[str, Any]:
    answer = live.get(address(path, **parameters))
    assert answer.status == 200, answer.body
    document: dict[str, Any] = answer.json()
    return document


def rows(document: dict[str, Any]) -> list[dict[str, Any]]:
    (name,) = document.keys() & {"servers", "procesos", "usuarios_activos"}
    return [*document[name], *document.get("silenciosos", [])]


@each_path
def test_a_late_record_is_named_beside_the_answer_and_changes_nothing(
    live: LiveService, path: str
) -> None:
    document = ask(live, path, fecha_hora=text(MONDAY + HOUR + 5 * MINUTE))
    first = [row for row in rows(document) if row["servidor"] == 1]
    assert first
    for row in first:
        assert (row["fecha_hora"], row["reloj"]) == (text(MONDAY + HOUR), None)
        assert (row["momento"], row["con_tardios"]) == ("cerrado", True)
        assert row["recibido"] == text(MONDAY + HOUR + 1)
    (late,) = document["tardios"]
    assert (late["servidor"], late["id_serv"]) == (1, 6)
    assert late["fecha_hora"] == text(MONDAY + HOUR + MINUTE)
    assert late["recibido"] >= text(NOW)
    assert document["hay_mas_tardios"] is False
    assert ask(live, path, fecha_hora=text(MONDAY + 30 * MINUTE))["tardios"] == []
    assert "xmrig" not in {row.get("name") for row in first}
    in_csv = csv_of(live.get(address(path, fecha_hora=text(MONDAY + 65 * MINUTE), formato="csv")))
    assert {row["con_tardios"] for row in in_csv if row["servidor"] == "1"} == {"true"}


@each_path
def test_a_moment_is_open_until_a_later_record(live: LiveService, path: str) -> None:
    for at, expected in ((MONDAY, "cerrado"), (NOW - 3 * MINUTE, "abierto"), (NOW, "abierto")):
        document = ask(live, path, fecha_hora=text(at))
        assert document["fecha_hora"] == text(at)
        assert {row["momento"] for row in rows(document) if row["servidor"] == 1} == {expected}
    assert {row["momento"] for row in rows(ask(live, path))} == {"abierto"}


@each_path
def test_what_was_known_is_cut_at_that_moment(live: LiveService, path: str) -> None:
    known_at = MONDAY + HOUR + 30 * MINUTE
    document = ask(live, path, conocido_en=text(known_at))
    assert (document["fecha_hora"], document["conocido_en"]) == (text(known_at), text(known_at))
    first = [row for row in rows(document) if row["servidor"] == 1]
    assert {(row["fecha_hora"], row["momento"]) for row in first} == {
        (text(MONDAY + HOUR), "abierto")
    }
    assert document["tardios"] == []  # it came today
    if path != "/servers":
        assert {row["visto_hasta"] for row in first} == {text(MONDAY + HOUR)}
        now = [
            row for row in rows(ask(live, path, fecha_hora=text(known_at))) if row["servidor"] == 1
        ]
        assert {row["visto_hasta"] for row in now} == {text(NOW - 3 * MINUTE)}
    past = ask(live, path, fecha_hora=text(MONDAY), conocido_en=text(MONDAY - 1))
    assert rows(past) == []


@each_path
def test_what_is_known_at_a_moment_in_the_future_is_what_is_known_now(
    live: LiveService, path: str
) -> None:
    at = text(MONDAY + MINUTE)
    document = ask(live, path, fecha_hora=at, conocido_en="9999-12-31")
    assert text(NOW) <= document["conocido_en"] <= times.to_text(times.now())
    now = rows(ask(live, path, fecha_hora=at))
    for row in [*now, *rows(document)]:
        row.pop("ultimo_contacto", None)  # by arrivals, if what was known is asked for
    assert rows(document) == now


@pytest.mark.parametrize("path", PATHS[1:])
def test_what_a_silent_server_said_last_stands_apart(live: LiveService, path: str) -> None:
    document = ask(live, path)
    name = path.strip("/")
    assert {row["servidor"] for row in document[name]} == {1}
    silent = document["silenciosos"]
    assert {row["servidor"] for row in silent} == {2}
    assert {row["estado"] for row in silent} == {"silencioso"}
    assert all(row["antiguedad"] >= 7 * 86_400 for row in silent)
    assert {row["antiguedad"] for row in document[name]} == {None}
    for estado, server in (("al_dia", 1), ("silencioso", 2)):
        (apart, others) = (name, "silenciosos") if server == 1 else ("silenciosos", name)
        found = ask(live, path, estado=estado)
        assert {row["servidor"] for row in found[apart]} == {server}
        assert found[others] == []
        in_csv = csv_of(live.get(address(path, estado=estado, formato="csv")))
        assert {(row["servidor"], row["estado"]) for row in in_csv} == {(str(server), estado)}
    assert {row["estado"] for row in csv_of(live.get(address(path, formato="csv")))} == {
        "al_dia",
        "silencioso",
    }


@pytest.mark.parametrize("path", PATHS[1:])
def test_at_a_moment_silence_is_what_it_was_then(live: LiveService, path: str) -> None:
    name = path.strip("/")
    for at, silent in ((MONDAY + 15 * MINUTE, set()), (MONDAY + 15 * MINUTE + 1, {1, 2})):
        document = ask(live, path, fecha_hora=text(at))
        assert {row["servidor"] for row in document["silenciosos"]} == silent
        assert {row["servidor"] for row in document[name]} == {1, 2} - silent
        for estado in ("al_dia", "silencioso"):
            found = ask(live, path, fecha_hora=text(at), estado=estado, limit=1)
            assert {row["estado"] for row in rows(found)} <= {estado}


def test_figures_leave_out_what_a_silent_server_said_last(live: LiveService) -> None:
    summary = ask(live, "/resumen")
    assert (summary["al_dia"], summary["silenciosos"]) == (1, 1)
    assert summary["programas"] == [{"name": "cron", "procesos": 1}]
    assert summary["usuarios"] == [{"username": "root", "procesos": 1}]
    (ever,) = ask(live, "/procesos/historial", name="xmrig")["historial"]
    assert (ever["servidor"], ever["en_curso"], ever["estado"]) == (2, False, "silencioso")
    assert ever["ultimo_contacto"] == text(MONDAY + 1)


def test_the_history_and_the_changes_are_cut_at_what_was_known(live: LiveService) -> None:
    known_at = text(MONDAY + HOUR + 30 * MINUTE)
    history = ask(live, "/servers/1/historial", conocido_en=known_at)["historial"]
    assert [row["id_serv"] for row in history] == [2, 1]
    whole = ask(live, "/servers/1/historial")["historial"]
    assert [(row["id_serv"], row["reloj"], row["tardio"]) for row in whole] == [
        (4, None, False),
        (3, None, False),
        (6, "tardio", True),
        (2, None, False),
        (1, None, False),
    ]
    assert [row["lugar"] for row in whole] == [row["fecha_hora"] for row in whole]
    changes = ask(live, "/servers/1/cambios", conocido_en=known_at)["cambios"]
    assert [row["id_serv_despues"] for row in changes] == [1]


def test_a_clock_that_is_wrong_is_told_with_the_record(fresh_service: LiveService) -> None:
    live = fresh_service.start()
    live.post(report(ipaddress="10.0.0.9", fecha_hora="2099-01-01 00:00:00"))
    live.post(report(ipaddress="10.0.0.9", fecha_hora="2099-01-01 00:05:00"))
    (row,) = ask(live, "/servers")["servers"]
    assert (row["fecha_hora"][:4], row["reloj"]) == ("2099", "adelantado")
    document = ask(live, f"/servers/{row['id_serv']}/procesos")
    assert {document[name] for name in ("reloj", "recibido")} == {"adelantado", row["recibido"]}
    (history,) = [
        each
        for each in ask(live, f"/servers/{row['id_serv']}/historial")["historial"]
        if each["id_serv"] == row["id_serv"]
    ]
    assert history["lugar"] == row["recibido"] < history["fecha_hora"]


def test_a_clock_of_ours_that_went_back_is_told(fresh_service: LiveService) -> None:
    live = fresh_service.start()
    live.post(report())
    assert ask(live, "/resumen")["reloj_adelantado_hasta"] is None
    ahead = times.now() + DAY
    live.execute("UPDATE server SET greatest_arrival_at = ?", (ahead,))
    assert ask(live, "/resumen")["reloj_adelantado_hasta"] == text(ahead)
