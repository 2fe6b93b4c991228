"""GET /servers/{id_serv}/cambios."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.lists import address, listed, pages
from tests.support.live import LiveService
from tests.support.reports import report, report_2

DAY = "2026-11-16"
INIT = {"username": "root", "pid": 1, "name": "systemd"}
PYTHON = {"username": "juan", "pid": 4120, "name": "python"}
OTHER = {"username": None, "pid": 4120, "name": None}
JUAN = {"pid": 829, "name": "juan"}
ANA = {"pid": None, "name": "ana"}


@pytest.fixture(scope="module")
def records(service: LiveService) -> list[int]:
    """Five records and a late one between the second and the third."""

    def post(time: str, processes: list[Any], logins: list[Any], version: str = "11") -> int:
        document = report(
            procesos=processes,
            usuarios_activos=logins,
            version_so=version,
            fecha_hora=f"{DAY} {time}",
        )
        id_serv: int = service.post(document).json()["id_serv"]
        return id_serv

    return [
        post("10:00:00", [INIT], [JUAN]),
        post("10:05:00", [INIT, PYTHON, PYTHON], [JUAN]),
        post("10:15:00", [INIT, PYTHON], [], version="12"),
        post("10:20:00", [INIT, PYTHON], []),  # no process changes, the version goes back
        post("10:25:00.000001", [INIT, OTHER], [ANA]),
        post("10:10:00", [], [ANA], version="late"),
    ]


def outline(rows: list[dict[str, Any]]) -> list[tuple[str, str, object, object]]:
    """Kind and time of each change, and the names in it."""
    return [
        (
            row["tipo"],
            row["fecha_hora_despues"][11:16],
            row["pid"],
            row["atributo"] or row["name"] or row["username"],
        )
        for row in rows
    ]


EXPECTED: list[tuple[str, str, object, object]] = [
    ("primer_informe", "10:00", None, None),
    ("proceso_aparece", "10:05", 4120, "python"),
    ("proceso_aparece", "10:05", 4120, "python"),
    ("servidor_cambia", "10:15", None, "version_so"),
    ("proceso_desaparece", "10:15", 4120, "python"),
    ("usuario_desaparece", "10:15", 829, "juan"),
    ("servidor_cambia", "10:20", None, "version_so"),
    ("proceso_desaparece", "10:25", 4120, "python"),
    ("proceso_aparece", "10:25", 4120, None),
    ("usuario_aparece", "10:25", None, "ana"),
]


def test_changes_are_in_order_of_time_and_late_records_change_nothing(
    service: LiveService, records: list[int]
) -> None:
    for id_serv in records:  # of any of the records
        assert outline(listed(service, f"/servers/{id_serv}/cambios")) == EXPECTED


def test_a_change_names_the_two_records_that_it_lies_between(
    service: LiveService, records: list[int]
) -> None:
    document = service.get(f"/servers/{records[0]}/cambios").json()
    assert document.keys() == {"servidor", "cambios", "siguiente"}
    changes = document["cambios"]
    assert changes[0] == {
        "tipo": "primer_informe",
        "id_serv_antes": None,
        "fecha_hora_antes": None,
        "id_serv_despues": records[0],
        "fecha_hora_despues": f"{DAY} 10:00:00.000000",
        "pid": None,
        "name": None,
        "username": None,
        "atributo": None,
        "valor_antes": None,
        "valor_despues": None,
        "lugar_antes": None,
        "lugar_despues": f"{DAY} 10:00:00.000000",
    }
    assert changes[3] == changes[0] | {
        "tipo": "servidor_cambia",
        "id_serv_antes": records[1],
        "fecha_hora_antes": f"{DAY} 10:05:00.000000",
        "id_serv_despues": records[2],
        "fecha_hora_despues": f"{DAY} 10:15:00.000000",
        "atributo": "version_so",
        "valor_antes": "11",
        "valor_despues": "12",
        "lugar_antes": f"{DAY} 10:05:00.000000",
        "lugar_despues": f"{DAY} 10:15:00.000000",
    }
    assert changes[7] == changes[0] | {
        "tipo": "proceso_desaparece",
        "id_serv_antes": records[3],
        "fecha_hora_antes": f"{DAY} 10:20:00.000000",
        "id_serv_despues": records[4],
        "fecha_hora_despues": f"{DAY} 10:25:00.000001",
        "pid": 4120,
        "name": "python",
        "username": "juan",
        "lugar_antes": f"{DAY} 10:20:00.000000",
        "lugar_despues": f"{DAY} 10:25:00.000001",
    }


def test_a_change_equals_the_difference_of_its_two_records(
    service: LiveService, records: list[int]
) -> None:
    def shown(id_serv: int, row: dict[str, Any]) -> int:
        rows = listed(service, f"/servers/{id_serv}/procesos")
        return sum(all(found[n] == row[n] for n in ("pid", "name", "username")) for found in rows)

    rows = listed(service, f"/servers/{records[0]}/cambios")
    for row in (row for row in rows if row["tipo"].startswith("proceso_")):
        before, after = shown(row["id_serv_antes"], row), shown(row["id_serv_despues"], row)
        assert (before < after) == (row["tipo"] == "proceso_aparece")


@pytest.mark.parametrize("limit", [1, 2, 3, 9, 10])
def test_the_pages_together_are_all_changes(
    service: LiveService, records: list[int], limit: int
) -> None:
    answers = pages(service, address(f"/servers/{records[0]}/cambios", limit=limit))
    assert outline([row for answer in answers for row in answer.json()["cambios"]]) == EXPECTED
    assert len(answers) == -(-10 // limit)


@pytest.mark.parametrize(
    ("desde", "hasta", "expected"),
    [
        (f"{DAY}T10:05", f"{DAY}T10:15", EXPECTED[1:6]),
        (f"{DAY}T10:05:00.000001", f"{DAY}T10:14:59", []),
        (f"{DAY}T10:25:00.000001", "", EXPECTED[7:]),
        ("", f"{DAY}T10:25:00", EXPECTED[:7]),
        (f"{DAY}T10:15", f"{DAY}T10:05", []),
        ("2026-11-17", "", []),
    ],
)
def test_a_change_has_the_time_of_the_later_record(
    service: LiveService,
    records: list[int],
    desde: str,
    hasta: str,
    expected: list[tuple[str, str, object, object]],
) -> None:
    path = f"/servers/{records[0]}/cambios"
    assert outline(listed(service, path, desde=desde, hasta=hasta)) == expected
    assert outline(listed(service, path, desde=desde, hasta=hasta, limit=2)) == expected


def test_every_attribute_of_a_server_is_a_change_of_its_own(service: LiveService) -> None:
    first = report_2(1, id_maquina="attributes")
    second = first | {
        "fecha_hora": "2020-02-15 03:00:00",
        "ipaddress": "10.9.9.9",
        "nucleo": "6.12.0",
        "marca_proc": "EPYC",
    }
    assert service.post(first).status == 201
    id_serv = service.post(second).json()["id_serv"]
    rows = listed(service, f"/servers/{id_serv}/cambios")[1:]
    changed = {row["atributo"]: (row["valor_antes"], row["valor_despues"]) for row in rows}
    assert changed == {
        name: (first[name], second[name]) for name in ("ipaddress", "nucleo", "marca_proc")
    }


def test_an_unknown_record_has_no_changes(service: LiveService) -> None:
    answer = service.get("/servers/77777/cambios")
    assert answer.status == 404
    assert answer.json()["detail"] == "no record has id_serv 77777"
