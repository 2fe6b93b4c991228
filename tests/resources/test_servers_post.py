"""POST /servers."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.support.live import LiveService
from tests.support.reports import report


def test_a_new_report_answers_201_with_its_record(service: LiveService) -> None:
    answer = service.post(report(ipaddress="10.0.0.1"))
    assert answer.status == 201
    id_serv = answer.json()["id_serv"]
    assert answer.headers["location"] == f"/servers/{id_serv}"
    assert service.get(answer.headers["location"]).json()["ipaddress"] == "10.0.0.1"


def test_the_very_same_report_answers_200_with_the_existing_record(service: LiveService) -> None:
    document = report(ipaddress="10.0.0.2")
    first = service.post(document)
    spaced = json.dumps(dict(reversed(document.items())), indent=2).encode()
    again = service.post(spaced)
    assert (first.status, again.status) == (201, 200)
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]


def test_a_gzip_body_is_the_same_report(service: LiveService) -> None:
    document = report(ipaddress="10.0.0.3")
    squeezed = gzip.compress(json.dumps(document).encode())
    assert service.post(squeezed, Content_Encoding="gzip").status == 201
    assert service.post(document).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "application/json; charset=utf-8"},
        {"Content-Type": "Application/JSON"},
        {"Content-Type": "application/vnd.compliance+json"},
        {"Content-Type": "application/json", "Content-Encoding": "Identity"},
    ],
)
def test_a_report_is_json_however_its_headers_spell_it(
    service: LiveService, headers: dict[str, str]
) -> None:
    body = json.dumps(report(ipaddress="10.0.0.5")).encode()
    assert service.request("POST", "/servers", body, headers).status in (200, 201)


def test_a_second_report_of_a_day_keeps_the_first(service: LiveService) -> None:
    first = service.post(report(3, ipaddress="10.0.0.4", fecha_hora="2020-02-15 01:00:00"))
    second = service.post(report(5, ipaddress="10.0.0.4", fecha_hora="2020-02-15 02:00:00"))
    counts = [
        len(service.get(f"/servers/{answer.json()['id_serv']}/procesos").json()["procesos"])
        for answer in (first, second)
    ]
    assert counts == [3, 5]


def test_posted_reports_can_be_queried_with_sqlite(service: LiveService) -> None:
    id_serv = service.post(report(2, ipaddress="2001:DB8::0:1")).json()["id_serv"]
    rows = service.rows(
        "SELECT ip_server, fecha_hora, pid, name, username FROM procesos"
        " WHERE id_serv = ? ORDER BY pid",
        (id_serv,),
    )
    when = "2020-02-15 02:06:54.999999"
    assert rows == [
        ("2001:db8::1", when, 1, "python-1", "juan"),
        ("2001:db8::1", when, 2, "python-2", "juan"),
    ]
