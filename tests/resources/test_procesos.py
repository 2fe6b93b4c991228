"""GET /servers/{id_serv}/procesos. What is no record: tests/resources/test_server_get.py."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.support.live import LiveService
from tests.support.reports import report, report_2


def listed(service: LiveService, document: dict[str, Any]) -> dict[str, Any]:
    answer = service.get(f"/servers/{service.post(document).json()['id_serv']}/procesos")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    listing: dict[str, Any] = answer.json()
    return listing


def rows(processes: list[dict[str, Any]]) -> Counter[tuple[object, ...]]:
    return Counter((row["pid"], row["name"], row["username"]) for row in processes)


def test_a_listing_names_its_server_and_time(service: LiveService) -> None:
    document = report(0, ipaddress="::FFFF:10.3.0.1", fecha_hora="2020-02-15T03:06:54+01:00")
    id_serv = service.post(document).json()["id_serv"]
    listing = listed(service, document)
    assert listing == {
        "id_serv": id_serv,
        "ip_server": "10.3.0.1",
        "fecha_hora": "2020-02-15 02:06:54.000000",
        "recibido": listing["recibido"],
        "reloj": None,
        "zona": None,
        "procesos": [],
    }


def test_a_listing_equals_the_report_with_repeats_and_nulls(service: LiveService) -> None:
    processes: list[dict[str, Any]] = [
        {"username": "root", "pid": 0, "name": "swapper"},
        {"username": None, "pid": 7, "name": None},
        {"username": None, "pid": 7, "name": None},
        {"username": "", "pid": 7, "name": ""},
        {"username": "josé", "pid": 4294967295, "name": "プロセス\n<b>"},
        {"username": "juan", "pid": 7, "name": "one"},
        {"username": "juan", "pid": 7, "name": "other"},
    ]
    found = listed(service, report(procesos=processes, ipaddress="10.3.0.2"))["procesos"]
    assert rows(found) == rows(processes)
    shown = ["id_proc", "pid", "name", "username", "ppid", "inicio", "ejecutable", "linea_comando"]
    assert all(list(row) == shown for row in found)


def test_keys_are_unique_and_stable(service: LiveService) -> None:
    times = [f"2020-02-15 0{hour}:00:00" for hour in range(5)]
    documents = [report(5, ipaddress="10.3.0.3", fecha_hora=time) for time in times]
    before = [listed(service, document)["procesos"] for document in documents]
    service.post(report(0, ipaddress="10.3.0.3", fecha_hora="2020-02-16 00:00:00"))
    assert [listed(service, document)["procesos"] for document in documents] == before
    keys = [row["id_proc"] for page in before for row in page]
    assert len(set(keys)) == len(keys) == 25


def test_a_listing_equals_the_relation(service: LiveService) -> None:
    found = listed(service, report(50, ipaddress="10.3.0.4"))
    relation = service.rows(
        "SELECT id_proc, pid, name, username, ppid, inicio, ejecutable, linea_comando"
        " FROM procesos WHERE id_serv = ?",
        (found["id_serv"],),
    )
    assert sorted(tuple(row.values()) for row in found["procesos"]) == sorted(relation)


def test_the_members_of_version_2_of_a_process_are_shown(service: LiveService) -> None:
    document = report_2(2, id_maquina="processes")
    del document["procesos"][1]["ejecutable"], document["procesos"][1]["inicio"]
    found = sorted(listed(service, document)["procesos"], key=lambda row: int(row["pid"]))
    for row, process in zip(found, document["procesos"], strict=True):
        del row["id_proc"]
        assert row == {"ejecutable": None, "inicio": None} | process


def test_ten_thousand_processes_are_listed(service: LiveService) -> None:
    document = report(10_000, ipaddress="10.3.0.5")
    assert rows(listed(service, document)["procesos"]) == rows(document["procesos"])
