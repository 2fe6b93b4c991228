"""GET /servers/{id_serv}/usuarios_activos. For unknown records see test_server_get.py."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.support.live import LiveService
from tests.support.reports import report, report_2


def listed(service: LiveService, document: dict[str, Any]) -> dict[str, Any]:
    answer = service.get(f"/servers/{service.post(document).json()['id_serv']}/usuarios_activos")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    listing: dict[str, Any] = answer.json()
    return listing


def test_a_listing_names_its_server_and_time(service: LiveService) -> None:
    document = report(ipaddress="2001:DB8::1", usuarios_activos=[])
    id_serv = service.post(document).json()["id_serv"]
    listing = listed(service, document)
    assert listing == {
        "id_serv": id_serv,
        "ip_server": "2001:db8::1",
        "fecha_hora": "2020-02-15 02:06:54.999999",
        "recibido": listing["recibido"],
        "reloj": None,
        "zona": None,
        "usuarios_activos": [],
    }


def test_a_listing_equals_the_reported_logins(service: LiveService) -> None:
    logins: list[dict[str, Any]] = [
        {"pid": 829, "name": "juan"},
        {"pid": 829, "name": "juan"},
        {"pid": None, "name": "juan"},
        {"pid": None, "name": None},
        {"pid": 0, "name": ""},
        {"pid": 4294967295, "name": "CORP\\josé"},
    ]
    found = listed(service, report(usuarios_activos=logins, ipaddress="10.4.0.1"))
    shown = found["usuarios_activos"]
    members = ["id_usr", "pid", "username", "terminal", "origen", "desde"]
    assert all(list(row) == members for row in shown)
    assert Counter((row["pid"], row["username"]) for row in shown) == Counter(
        (login["pid"], login["name"]) for login in logins
    )


def test_the_members_of_version_2_of_a_login_are_shown(service: LiveService) -> None:
    full = {"pid": 1, "name": "ana", "terminal": "pts/1", "origen": "::1"}
    full["desde"] = "2020-02-15 01:30:00.000000"
    logins = [full, full | {"terminal": "pts/2"}, {"pid": 2, "name": "ana", "origen": "host"}]
    found = listed(service, report_2(id_maquina="logins", usuarios_activos=logins))
    shown = sorted(found["usuarios_activos"], key=lambda row: str(row["terminal"]))
    unknown = {"terminal": None, "origen": None, "desde": None}
    assert [row["id_usr"] > 0 for row in shown] == [True] * 3
    for row, login in zip(shown, [logins[2], *logins[:2]], strict=True):
        expected = unknown | login | {"username": login["name"], "id_usr": row["id_usr"]}
        del expected["name"]
        assert row == expected


def test_a_login_that_ended_stays_in_earlier_records(service: LiveService) -> None:
    first = report(ipaddress="10.4.0.2", fecha_hora="2020-02-15 01:00:00")
    before = listed(service, first)
    later = report(ipaddress="10.4.0.2", fecha_hora="2020-02-15 02:00:00", usuarios_activos=[])
    assert listed(service, later)["usuarios_activos"] == []
    assert listed(service, first) == before
    assert [row["username"] for row in before["usuarios_activos"]] == ["juan"]


def test_a_listing_equals_the_relation(service: LiveService) -> None:
    logins = [{"pid": pid, "name": f"user{pid}"} for pid in range(300)]
    found = listed(service, report(usuarios_activos=logins, ipaddress="10.4.0.3"))
    relation = service.rows(
        "SELECT id_usr, pid, username, terminal, origen, desde"
        " FROM usuarios_activos WHERE id_serv = ?",
        (found["id_serv"],),
    )
    assert sorted(tuple(row.values()) for row in found["usuarios_activos"]) == sorted(relation)
