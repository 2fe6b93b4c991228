"""GET /resumen."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.lists import csv_of
from tests.support.live import LiveService
from tests.support.reports import report

START = datetime.now(tz=UTC)

INIT = {"pid": 1, "name": "systemd", "username": "root"}
SHELL = {"pid": 2, "name": "bash", "username": "juan"}
NAMELESS = {"pid": 3, "name": None, "username": None}
MINER = {"pid": 4, "name": "=xmrig", "username": "eva"}


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    live = LiveService(tmp_path_factory.mktemp("empty") / "var")
    try:
        yield live.start()
    finally:
        live.stop()


@pytest.fixture(scope="module")
def summary(empty: LiveService) -> dict[str, Any]:
    """The summary of three servers: one was upgraded, and one sent a late report."""

    def post(ip: str, at: str, processes: list[Any], **members: Any) -> None:
        document = report(
            ipaddress=ip, fecha_hora=f"2026-11-16 {at}", procesos=processes, **members
        )
        assert empty.post(document).status == 201

    post("10.0.0.1", "10:00:00", [INIT, SHELL], version_so="11")
    post("10.0.0.2", "10:00:00", [INIT, SHELL, SHELL, NAMELESS], version_so="12")
    post("10.0.0.3", "10:00:00", [INIT], nombre_so="RHEL", arquitectura_proc="aarch64")
    post("10.0.0.1", "10:05:00", [INIT, SHELL, MINER], version_so="12")
    post("10.0.0.3", "09:00:00", [MINER, MINER], nombre_so="Old")
    answer: dict[str, Any] = empty.get("/resumen").json()
    return answer


def test_servers_are_counted_by_their_newest_record(summary: dict[str, Any]) -> None:
    assert (summary["servidores"], summary["al_dia"], summary["silenciosos"]) == (3, 3, 0)
    assert summary["por_sistema"] == [
        {"nombre_so": "Linux", "version_so": "12", "servidores": 2},
        {"nombre_so": "RHEL", "version_so": "Debian", "servidores": 1},
    ]
    assert summary["por_arquitectura"] == [
        {"arquitectura_proc": "x86_64", "servidores": 2},
        {"arquitectura_proc": "aarch64", "servidores": 1},
    ]


def test_running_programs_are_counted_most_frequent_first(summary: dict[str, Any]) -> None:
    assert summary["programas"][:2] == [
        {"name": "bash", "procesos": 3},
        {"name": "systemd", "procesos": 3},
    ]
    counted = {row["name"]: row["procesos"] for row in summary["programas"]}
    assert counted == {"bash": 3, "systemd": 3, None: 1, "=xmrig": 1}
    users = {row["username"]: row["procesos"] for row in summary["usuarios"]}
    assert users == {"juan": 3, "root": 3, None: 1, "eva": 1}


def test_arrivals_are_counted_by_hour_including_zeros(summary: dict[str, Any]) -> None:
    hours = summary["informes_por_hora"]
    first = datetime.fromisoformat(hours[0]["hora"])
    expected = [first + timedelta(hours=number) for number in range(24)]
    assert [datetime.fromisoformat(row["hora"]) for row in hours] == expected
    now = datetime.fromisoformat(summary["fecha_hora"])
    assert expected[-1] <= now < expected[-1] + timedelta(hours=1)
    assert START <= now.replace(tzinfo=UTC) <= datetime.now(tz=UTC)
    assert sum(row["informes"] for row in hours) == 5
    assert sum(row["informes"] for row in hours[:-2]) == 0  # the hour may have turned meanwhile


def test_news_lists_names_that_are_new_to_the_fleet(summary: dict[str, Any]) -> None:
    news = summary["novedades"]
    assert [item["fecha_hora"] for item in news] == sorted(
        (item["fecha_hora"] for item in news), reverse=True
    )
    (upgrade,) = [item for item in news if item["tipo"] == "servidor_cambia"]
    assert upgrade["cambios"] == [{"atributo": "version_so", "antes": "11", "despues": "12"}]
    assert (upgrade["servidor"], upgrade["ip_server"], upgrade["name"]) == (1, "10.0.0.1", None)
    new = {item["servidor"] for item in news if item["tipo"] == "servidor_nuevo"}
    assert new == {1, 2, 3}
    programs = [item["name"] for item in news if item["tipo"] == "programa_nuevo"]
    assert programs == ["=xmrig"]


def test_the_csv_has_the_same_counts_one_a_line(
    empty: LiveService, summary: dict[str, Any]
) -> None:
    answer = empty.get("/resumen?formato=csv")
    assert b"programas,'=xmrig,,1\r\n" in answer.body
    lines = [tuple(row.values()) for row in csv_of(answer)]
    expected = [(name, "", "", str(summary[name])) for name in list(summary)[1:5]]
    groups = ("por_sistema", "por_soporte", "por_arquitectura")
    for group in (*groups, "informes_por_hora", "programas", "usuarios"):
        for *names, number in (tuple(row.values()) for row in summary[group]):
            name, version = ["" if text is None else text for text in [*names, ""][:2]]
            expected.append((group, name, version, str(number)))
    assert lines == expected


def test_an_empty_database_has_a_summary_too(service: LiveService) -> None:
    summary = service.get("/resumen").json()
    hours = summary.pop("informes_por_hora")
    assert [row["informes"] for row in hours] == [0] * 24
    assert summary.pop("recuento_de") <= summary.pop("fecha_hora")
    assert [row["servidores"] for row in summary.pop("por_soporte")] == [0] * 5
    assert all(not value for value in summary.values())


def test_silent_servers_are_listed_with_their_last_contact(tmp_path: Path) -> None:
    live = LiveService(tmp_path / "var", COMPLIANCE_SILENT_AFTER="1")
    try:
        live.start()
        id_serv = live.post(report(ipaddress="10.0.0.9")).json()["id_serv"]
        (row,) = live.get("/servers").json()["servers"]
        while (summary := live.get("/resumen").json())["silenciosos"] == 0:
            assert summary["servidores_silenciosos"] == []
            time.sleep(0.1)
    finally:
        live.stop()
    assert summary["al_dia"] == 0
    assert summary["servidores_silenciosos"] == [
        {
            "servidor": 1,
            "id_serv": id_serv,
            "ipaddress": "10.0.0.9",
            "nombre_host": None,
            "ultimo_contacto": row["ultimo_contacto"],
        }
    ]
