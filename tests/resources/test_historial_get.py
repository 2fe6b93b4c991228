"""GET /servers/{id_serv}/historial."""

from __future__ import annotations

import pytest

from tests.support.lists import address, listed, pages
from tests.support.live import LiveService
from tests.support.reports import report

# In the order in which they arrive; the fourth and the last are late.
TIMES = ["10:00:00", "10:05:00", "10:15:00.000001", "10:10:00", "10:20:00", "09:00:00"]
NEWEST_FIRST = ["10:20:00", "10:15:00.000001", "10:10:00", "10:05:00", "10:00:00", "09:00:00"]


@pytest.fixture(scope="module")
def records(service: LiveService) -> dict[str, int]:
    """Of each time, the record; another server reports in between."""
    found = {}
    for time in TIMES:
        document = report(fecha_hora=f"2026-11-16 {time}", version_so=time)
        found[time] = service.post(document).json()["id_serv"]
        service.post(document | {"ipaddress": "10.0.0.2"})
    return found


def times(service: LiveService, id_serv: int, **parameters: object) -> list[str]:
    rows = listed(service, f"/servers/{id_serv}/historial", **parameters)
    return [row["version_so"] for row in rows]


def test_every_record_shows_its_servers_history_newest_first(
    service: LiveService, records: dict[str, int]
) -> None:
    for id_serv in records.values():
        assert times(service, id_serv) == NEWEST_FIRST


def test_a_row_shows_the_record_and_its_arrival(
    service: LiveService, records: dict[str, int]
) -> None:
    document = service.get(f"/servers/{records['10:00:00']}/historial").json()
    assert document.keys() == {"servidor", "historial", "siguiente"}
    newest = service.get("/servers").json()["servers"][0]
    assert newest["servidor"] == document["servidor"]
    row = document["historial"][0]
    shared = row.keys() & newest.keys()
    assert {name: row[name] for name in shared} == {name: newest[name] for name in shared}
    assert row.keys() - shared == {"tardio", "lugar"}
    of_now = {"ultimo_contacto", "estado", "antiguedad", "momento", "con_tardios", "soporte"}
    assert newest.keys() - shared == {"servidor"} | of_now
    assert row["lugar"] == row["fecha_hora"]
    assert [row["id_serv"] for row in document["historial"]] == [
        records[time] for time in NEWEST_FIRST
    ]


def test_a_late_record_is_marked_and_shows_its_arrival(
    service: LiveService, records: dict[str, int]
) -> None:
    rows = listed(service, f"/servers/{records['10:00:00']}/historial")
    assert {row["version_so"] for row in rows if row["tardio"]} == {"10:10:00", "09:00:00"}
    arrived = sorted(rows, key=lambda row: str(row["recibido"]))
    assert [row["version_so"] for row in arrived] == TIMES


@pytest.mark.parametrize("limit", [1, 2, 5, 6])
def test_the_pages_together_are_the_whole_history(
    service: LiveService, records: dict[str, int], limit: int
) -> None:
    path = f"/servers/{records['10:05:00']}/historial"
    answers = pages(service, address(path, limit=limit, hasta="2026-11-16T10:15:01"))
    found = [row["version_so"] for answer in answers for row in answer.json()["historial"]]
    assert found == NEWEST_FIRST[1:]
    assert len(answers) == -(-5 // limit)


@pytest.mark.parametrize(
    ("desde", "hasta", "expected"),
    [
        ("2026-11-16T10:05", "", NEWEST_FIRST[:4]),
        ("", "2026-11-16T10:05", NEWEST_FIRST[3:]),
        ("2026-11-16T10:05", "2026-11-16T10:15", NEWEST_FIRST[2:4]),
        ("2026-11-16T10:15:00.000001", "2026-11-16T10:15:00.000001", NEWEST_FIRST[1:2]),
        ("2026-11-16T10:15:00.000002", "2026-11-16T10:19:59.999999", []),
        ("2026-11-16T10:15", "2026-11-16T10:05", []),
        ("2026-11-16", "2026-11-17", NEWEST_FIRST),
        ("2026-11-17", "", []),
        ("", "2026-11-16", []),
    ],
)
def test_both_bounds_of_a_period_are_inclusive(
    service: LiveService, records: dict[str, int], desde: str, hasta: str, expected: list[str]
) -> None:
    assert times(service, records["10:00:00"], desde=desde, hasta=hasta) == expected


@pytest.mark.parametrize("id_serv", ["77777", "0", "-1", "x", "9223372036854775808"])
def test_an_unknown_record_has_no_history(service: LiveService, id_serv: str) -> None:
    answer = service.get(f"/servers/{id_serv}/historial")
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/problem+json"
