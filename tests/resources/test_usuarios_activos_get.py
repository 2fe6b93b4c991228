"""GET /usuarios_activos and /usuarios_activos/historial.

Of one record: tests/resources/test_usuarios_activos.py.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.lists import listed
from tests.support.live import LiveService
from tests.support.reports import report, report_2

DAY = "2026-11-16"
JUAN, ANA = {"pid": 829, "name": "juan"}, {"pid": None, "name": "ana"}
ODD = {"pid": 7, "name": 'DOM\\@juan%_"\n'}
# In the order in which they arrive; the last one is late.
REPORTS: list[tuple[str, str, list[dict[str, Any]]]] = [
    ("10.0.0.1", "10:00:00", [JUAN, JUAN]),
    ("10.0.0.2", "10:00:00", [ANA, ODD]),
    ("10.0.0.1", "10:10:00.000001", [JUAN, ANA]),
    ("10.0.0.1", "10:20:00", [ANA]),
    ("10.0.0.1", "10:05:00", [ODD]),
]


@pytest.fixture(scope="module", autouse=True)
def records(service: LiveService) -> list[int]:
    return [
        service.post(
            report(1, ipaddress=ip, fecha_hora=f"{DAY} {time}", usuarios_activos=logins)
        ).json()["id_serv"]
        for ip, time, logins in REPORTS
    ]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, [(1, "ana"), (2, "ana"), (2, ODD["name"])]),
        ({"username": "ana"}, [(1, "ana"), (2, "ana")]),
        ({"username": "ANA"}, []),
        ({"username": "A*A"}, [(1, "ana"), (2, "ana")]),
        ({"username": "juan"}, []),
        ({"username": ODD["name"]}, [(2, ODD["name"])]),
        ({"username": "dom\\@*"}, [(2, ODD["name"])]),
        ({"pid": "7"}, [(2, ODD["name"])]),
        ({"pid": "829"}, []),
        ({"username": "ana", "pid": "7"}, []),
        ({"fecha_hora": f"{DAY}T09:59"}, []),
        ({"fecha_hora": f"{DAY}T10:00", "username": "juan"}, [(1, "juan"), (1, "juan")]),
        ({"fecha_hora": f"{DAY}T10:05", "username": "juan"}, [(1, "juan"), (1, "juan")]),
        ({"fecha_hora": f"{DAY}T10:05", "pid": "7"}, [(2, ODD["name"])]),
        ({"fecha_hora": f"{DAY}T10:10:00", "username": "juan"}, [(1, "juan"), (1, "juan")]),
        ({"fecha_hora": f"{DAY}T10:10:00.000001", "username": "juan"}, [(1, "juan")]),
        ({"fecha_hora": "2036-01-01"}, [(1, "ana"), (2, "ana"), (2, ODD["name"])]),
    ],
)
def test_filters_find_open_logins_on_each_server(
    service: LiveService, parameters: dict[str, str], expected: list[tuple[int, str]]
) -> None:
    rows = listed(service, "/usuarios_activos", **parameters, limit=1)
    assert sorted((row["servidor"], row["username"]) for row in rows) == sorted(expected)


def test_a_row_equals_the_one_in_its_record(service: LiveService) -> None:
    for moment in ("", f"{DAY}T10:00", f"{DAY}T10:07"):
        rows = listed(service, "/usuarios_activos", fecha_hora=moment)
        assert rows
        for row in rows:
            record = service.get(f"/servers/{row['id_serv']}/usuarios_activos").json()
            assert row["ip_server"] == record["ip_server"]
            assert row["fecha_hora"] == record["fecha_hora"]
            (same,) = [r for r in record["usuarios_activos"] if r["id_usr"] == row["id_usr"]]
            assert {name: row[name] for name in same} == same


def test_a_row_shows_its_first_and_last_time(service: LiveService) -> None:
    rows = listed(service, "/usuarios_activos", username="juan", fecha_hora=f"{DAY}T10:01")
    periods = sorted((row["visto_desde"][11:16], row["visto_hasta"][11:16]) for row in rows)
    assert periods == [("10:00", "10:00"), ("10:00", "10:10")]


def test_the_history_of_a_user_shows_its_first_and_last_record(
    service: LiveService, records: list[int]
) -> None:
    rows = listed(service, "/usuarios_activos/historial", username="juan")
    assert rows == [
        {
            "servidor": 1,
            "id_serv": records[3],
            "ip_server": "10.0.0.1",
            "nombre_host": None,
            "username": "juan",
            "primera_vez": f"{DAY} 10:00:00.000000",
            "ultima_vez": f"{DAY} 10:10:00.000001",
            "en_curso": False,
            "ultimo_contacto": listed(service, "/servers")[0]["ultimo_contacto"],
            "estado": "al_dia",
        }
    ]
    odd = listed(service, "/usuarios_activos/historial", username="DOM*")
    assert [(row["servidor"], row["primera_vez"][11:16], row["en_curso"]) for row in odd] == [
        (2, "10:00", True),
    ]
    everyone = listed(service, "/usuarios_activos/historial", limit=1)
    assert len(everyone) == 4


def test_the_members_of_version_2_are_shown(service: LiveService) -> None:
    document = report_2(1, id_maquina="logins")
    document["usuarios_activos"][0]["name"] = "eva"
    assert service.post(document).status == 201
    (row,) = listed(service, "/usuarios_activos", username="eva")
    shown = (row["nombre_host"], row["terminal"], row["origen"], row["desde"])
    assert shown == ("web-1", "pts/0", "192.168.1.10", "2020-02-15 01:30:00.000000")
    (ever,) = listed(service, "/usuarios_activos/historial", username="eva")
    assert (ever["nombre_host"], ever["en_curso"]) == ("web-1", True)
