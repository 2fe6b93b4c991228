"""GET /procesos and /procesos/historial. Of one record: tests/resources/test_procesos.py."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.lists import address, listed, pages
from tests.support.live import LiveService
from tests.support.reports import report, report_2

DAY = "2026-11-16"
HOSTILE = '=1+1"; <b>*%_\n\u202e'
LONG = "ñ" * 1024


def process(pid: int, name: str | None, username: str | None = "root") -> dict[str, Any]:
    return {"pid": pid, "name": name, "username": username}


SSHD, CRON, UPPER = process(1, "sshd"), process(2, "cron"), process(3, "SSHD")
MINER, NAMELESS = process(9, "xmrig", "juan"), process(9, None, None)
ODD, LONGEST, EMPTY = process(4, HOSTILE, "ma*a"), process(5, LONG, "u" * 256), process(6, "", "")
# In the order in which they arrive; the last one of the first server is late.
REPORTS: list[tuple[str, str, list[dict[str, Any]]]] = [
    ("10.0.0.1", "10:00:00", [SSHD, CRON]),
    ("10.0.0.2", "10:00:00", [SSHD, MINER]),
    ("10.0.0.1", "10:10:00.000001", [SSHD, MINER, MINER]),
    ("10.0.0.3", "10:10:00", [UPPER, ODD, LONGEST, EMPTY, NAMELESS]),
    ("10.0.0.1", "10:20:00", [SSHD]),
    ("10.0.0.2", "10:20:00", [SSHD, MINER]),
    ("10.0.0.1", "10:05:00", [CRON, CRON, MINER]),
]


@pytest.fixture(scope="module", autouse=True)
def records(service: LiveService) -> list[int]:
    return [
        service.post(report(ipaddress=ip, fecha_hora=f"{DAY} {time}", procesos=processes)).json()[
            "id_serv"
        ]
        for ip, time, processes in REPORTS
    ]


def running(service: LiveService, **parameters: object) -> list[tuple[int, int, str | None]]:
    rows = listed(service, "/procesos", **parameters)
    return [(row["servidor"], row["pid"], row["name"]) for row in rows]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"name": "sshd"}, [(1, 1, "sshd"), (2, 1, "sshd")]),
        ({"name": "SSHD"}, [(3, 3, "SSHD")]),
        ({"name": "ssh*"}, [(1, 1, "sshd"), (2, 1, "sshd"), (3, 3, "SSHD")]),
        ({"name": "*H*"}, [(1, 1, "sshd"), (2, 1, "sshd"), (3, 3, "SSHD")]),
        ({"name": "sshd*"}, [(1, 1, "sshd"), (2, 1, "sshd"), (3, 3, "SSHD")]),
        ({"name": "ssh"}, []),
        ({"name": "cron"}, []),  # it ran once
        ({"name": "xmrig"}, [(2, 9, "xmrig")]),
        ({"name": HOSTILE}, [(3, 4, HOSTILE)]),
        ({"name": "%"}, []),
        ({"name": "%*"}, []),
        ({"name": "ssh_*"}, []),
        ({"name": "=1*<b>*"}, [(3, 4, HOSTILE)]),
        ({"name": LONG}, [(3, 5, LONG)]),
        ({"name": "!*"}, []),
        ({"username": "juan"}, [(2, 9, "xmrig")]),
        ({"username": "JU*"}, [(2, 9, "xmrig")]),
        ({"username": "u" * 256}, [(3, 5, LONG)]),
        ({"username": "root"}, [(1, 1, "sshd"), (2, 1, "sshd"), (3, 3, "SSHD")]),
        ({"pid": "1"}, [(1, 1, "sshd"), (2, 1, "sshd")]),
        ({"pid": "9"}, [(2, 9, "xmrig"), (3, 9, None)]),
        ({"pid": "0"}, []),
        ({"pid": "4294967295"}, []),
        ({"name": "sshd", "pid": "1", "username": "root"}, [(1, 1, "sshd"), (2, 1, "sshd")]),
        ({"name": "sshd", "username": "juan"}, []),
        ({"name": "xmrig", "pid": "1"}, []),
        ({"name": "", "username": "", "pid": "2"}, []),
    ],
)
def test_filters_find_running_processes_on_each_server(
    service: LiveService,
    parameters: dict[str, str],
    expected: list[tuple[int, int, str | None]],
) -> None:
    assert sorted(running(service, **parameters), key=str) == sorted(expected, key=str)


def test_a_name_with_a_star_is_found_by_its_own_text(
    service: LiveService,
) -> None:
    assert "*" in HOSTILE
    (row,) = listed(service, "/procesos", username="ma*a")
    assert (row["name"], row["username"]) == (HOSTILE, "ma*a")


def test_without_a_filter_all_running_processes_are_listed(service: LiveService) -> None:
    rows = listed(service, "/procesos", limit=2)
    assert sorted((row["servidor"], row["pid"]) for row in rows) == [
        (1, 1),
        (2, 1),
        (2, 9),
        (3, 3),
        (3, 4),
        (3, 5),
        (3, 6),
        (3, 9),
    ]
    assert len({row["id_proc"] for row in rows}) == 8


@pytest.mark.parametrize(
    ("moment", "name", "expected"),
    [
        ("09:59:59.999999", "*", []),
        ("10:00", "sshd", [(1, 1), (2, 1)]),
        ("10:00", "cron", [(1, 2)]),
        ("10:04:59.999999", "cron", [(1, 2)]),
        ("10:05", "cron", [(1, 2)]),  # whatever the late record says
        ("10:05", "sshd", [(1, 1), (2, 1)]),
        ("10:10:00", "xmrig", [(2, 9)]),
        ("10:10:00.000001", "xmrig", [(1, 9), (1, 9), (2, 9)]),
        ("10:10:00.000001", "cron", []),
        ("10:19:59", "xmrig", [(1, 9), (1, 9), (2, 9)]),
        ("10:20", "xmrig", [(2, 9)]),
        ("23:59", "SSHD", [(3, 3)]),
    ],
)
def test_at_a_moment_the_last_record_in_order_counts(
    service: LiveService, moment: str, name: str, expected: list[tuple[int, int]]
) -> None:
    rows = listed(service, "/procesos", name=name, fecha_hora=f"{DAY}T{moment}", limit=1)
    assert [(row["servidor"], row["pid"]) for row in rows] == expected


@pytest.mark.parametrize("moment", [None, f"{DAY}T10:00", f"{DAY}T10:07", f"{DAY}T10:10:00.000001"])
def test_a_row_equals_the_one_in_its_record(service: LiveService, moment: str | None) -> None:
    rows = listed(service, "/procesos", **({"fecha_hora": moment} if moment else {}))
    assert rows
    for row in rows:
        record = service.get(f"/servers/{row['id_serv']}/procesos").json()
        assert (row["ip_server"], row["fecha_hora"]) == (record["ip_server"], record["fecha_hora"])
        (same,) = [found for found in record["procesos"] if found["id_proc"] == row["id_proc"]]
        assert {name: row[name] for name in same} == same


def test_a_row_shows_its_first_and_last_time(service: LiveService) -> None:
    def shown(**parameters: str) -> set[tuple[str, str]]:
        rows = listed(service, "/procesos", **parameters)
        return {(row["visto_desde"][11:16], row["visto_hasta"][11:16]) for row in rows}

    assert shown(name="xmrig") == {("10:00", "10:20")}
    assert shown(name="sshd", pid="1") == {("10:00", "10:20")}
    assert shown(name="cron", fecha_hora=f"{DAY}T10:01") == {("10:00", "10:00")}


@pytest.mark.parametrize("path", ["/procesos", "/procesos/historial"])
def test_the_pages_keep_the_filters(service: LiveService, path: str) -> None:
    complete = listed(service, path, name="*h*")
    answers = pages(service, address(path, name="*h*", limit=1))
    assert [row for answer in answers for row in next(iter(answer.json().values()))] == complete
    assert len(answers) == len(complete) > 2
    assert answers[0].json()["siguiente"].startswith(f"{path}?name=%2Ah%2A&limit=1&cursor=")


def test_the_history_of_a_name_shows_its_first_and_last_record(
    service: LiveService, records: list[int]
) -> None:
    def ever(**parameters: str) -> list[tuple[int, str, str, bool]]:
        rows = listed(service, "/procesos/historial", **parameters)
        return [
            (
                row["servidor"],
                row["primera_vez"][11:16],
                row["ultima_vez"][11:16],
                row["en_curso"],
            )
            for row in rows
        ]

    assert ever(name="sshd") == [(1, "10:00", "10:20", True), (2, "10:00", "10:20", True)]
    assert ever(name="xmrig") == [(1, "10:10", "10:10", False), (2, "10:00", "10:20", True)]
    assert ever(name="cron") == [(1, "10:00", "10:00", False)]
    assert ever(name="CRON") == []
    assert ever(name="C*N", username="r*t") == [(1, "10:00", "10:00", False)]
    assert ever(username="juan") == [(1, "10:10", "10:10", False), (2, "10:00", "10:20", True)]
    contact = listed(service, "/servers")[0]["ultimo_contacto"]
    assert listed(service, "/procesos/historial", name="cron") == [
        {
            "servidor": 1,
            "id_serv": records[4],
            "ip_server": "10.0.0.1",
            "nombre_host": None,
            "name": "cron",
            "username": "root",
            "primera_vez": f"{DAY} 10:00:00.000000",
            "ultima_vez": f"{DAY} 10:00:00.000000",
            "en_curso": False,
            "ultimo_contacto": contact,
            "estado": "al_dia",
        }
    ]


def test_the_members_of_version_2_are_shown(service: LiveService) -> None:
    document = report_2(1, procesos=[])
    document["procesos"] = [
        {
            "pid": 70,
            "name": "postgres",
            "username": "pg",
            "ppid": 1,
            "inicio": "2020-02-14 22:00:01.000000",
            "ejecutable": "/usr/bin/postgres",
            "linea_comando": "postgres -D /srv",
        }
    ]
    id_serv = service.post(document).json()["id_serv"]
    (row,) = listed(service, "/procesos", name="postgres")
    document_row = document["procesos"][0] | {"nombre_host": "web-1", "id_serv": id_serv}
    assert {name: row[name] for name in document_row} == document_row
    (ever,) = listed(service, "/procesos/historial", name="postgres")
    common = document_row.keys() & ever.keys()
    assert {name: ever[name] for name in common} == {name: document_row[name] for name in common}
    assert len(common) == 4
