"""GET /servers/{id_serv}: the posted report, normalised; it can be posted again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jsonschema
import pytest

from service.project import SCHEMAS_FOLDER
from tests.support.live import Answer, LiveService
from tests.support.reports import report, report_2

SCHEMAS = {
    number: jsonschema.Draft202012Validator(
        json.loads((SCHEMAS_FOLDER / f"report.v{number}.json").read_bytes())
    )
    for number in (1, 2)
}
VALID = sorted((Path(__file__).resolve().parent.parent / "schemas" / "valid").glob("*.json"))


def posted(service: LiveService, document: object) -> tuple[int, dict[str, Any]]:
    """The id_serv of a document that is posted now, and the record as it comes back."""
    id_serv = service.post(document).json()["id_serv"]
    return id_serv, service.get(f"/servers/{id_serv}").json()


def sorted_rows(record: dict[str, Any]) -> dict[str, Any]:
    """The record with its rows in an order of their own: a report has none."""
    lists = {
        name: sorted(record[name], key=lambda row: json.dumps(row, sort_keys=True))
        for name in ("procesos", "usuarios_activos")
    }
    return record | lists


def without_spellings(document: dict[str, Any]) -> dict[str, Any]:
    """The document without the values that are shown normalised, but with their names.

    The boot and the ticks only tell machines and processes apart, and are not shown.
    """
    shown = document | {"fecha_hora": "", "ipaddress": ""}
    shown.pop("id_arranque", None)
    for member, moment in (("procesos", "inicio"), ("usuarios_activos", "desde")):
        shown[member] = [
            {name: "" if name == moment else row[name] for name in row if name != "inicio_ticks"}
            for row in document[member]
        ]
    return shown


def test_a_record_is_the_document_that_was_posted(service: LiveService) -> None:
    document = report(
        200,
        usuarios_activos=[{"pid": 1, "name": "ana"}, {"pid": None, "name": None}] * 2,
    )
    answer = service.get(service.post(document).headers["location"])
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert sorted_rows(answer.json()) == sorted_rows(document)


def test_a_record_of_version_2_is_the_document_that_was_posted(service: LiveService) -> None:
    document = report_2(200, id_maquina="whole", descartados=3)
    _, record = posted(service, document)
    assert sorted_rows(record) == sorted_rows(document)


def test_absent_optional_members_of_version_2_stay_absent(service: LiveService) -> None:
    document = report(2, ipaddress="10.2.0.3") | {"version_esquema": 2, "nucleo": "6.1"}
    document["procesos"][1]["ejecutable"] = "/usr/bin/python"
    _, record = posted(service, document)
    assert sorted_rows(record) == sorted_rows(document)


def test_a_record_of_version_1_has_the_members_of_version_1_alone(service: LiveService) -> None:
    # Its process goes on from a report of version 2, with more members of it.
    address: dict[str, Any] = {"ipaddress": "10.2.0.4"}
    process = {"username": "juan", "pid": 1, "name": "python"}
    detailed = process | {"ppid": 7, "ejecutable": "/usr/bin/python"}
    second = report(fecha_hora="2020-02-15 01:00:00.000000", procesos=[detailed], **address)
    posted(service, second | {"version_esquema": 2})
    first = report(fecha_hora="2020-02-15 02:00:00.000000", procesos=[process], **address)
    assert posted(service, first)[1] == first


def test_the_details_of_a_process_are_those_of_its_first_report(service: LiveService) -> None:
    def at(hour: int, **changed: Any) -> dict[str, Any]:
        moment = f"2020-02-15 0{hour}:00:00.000000"
        document = report_2(1, id_maquina="first-sight", fecha_hora=moment)
        document["procesos"][0] |= changed
        return document

    posted(service, at(1))
    _, later = posted(service, at(2, ppid=99, ejecutable="/other", linea_comando="other"))
    assert later["procesos"] == at(1)["procesos"]
    another = {"inicio": "2020-02-15 02:30:00.000000", "ppid": 99, "ejecutable": "/other"}
    _, later = posted(service, at(3, **another))
    assert later["procesos"] == at(3, **another)["procesos"]


def test_the_very_same_report_of_version_2_is_stored_once(service: LiveService) -> None:
    document = report_2(5, id_maquina="retry")
    first = service.post(document)
    again = service.post(dict(reversed(document.items())))
    assert (first.status, again.status) == (201, 200)
    assert first.json() == again.json()


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("2020-02-15 02:06:54", "2020-02-15 02:06:54.000000"),
        ("2020-02-15T02:06:54Z", "2020-02-15 02:06:54.000000"),
        ("2020-02-15T02:06:54.5+01:00", "2020-02-15 01:06:54.500000"),
        ("2020-02-28T22:30:00-02:00", "2020-02-29 00:30:00.000000"),
        ("2020-02-15 02:06:54.123456789", "2020-02-15 02:06:54.123456"),
        ("1970-01-01 00:00:00", "1970-01-01 00:00:00.000000"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31 23:59:59.999999"),
    ],
)
def test_times_are_shown_in_utc_with_microseconds(
    service: LiveService, sent: str, shown: str
) -> None:
    _, record = posted(service, report(fecha_hora=sent, ipaddress="10.2.0.1"))
    assert record["fecha_hora"] == shown


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
        ("2001:0db8::0:0001", "2001:db8::1"),
        ("::FFFF:10.0.0.9", "10.0.0.9"),
        ("::ffff:a00:9", "10.0.0.9"),
        ("0:0:0:0:0:0:0:0", "::"),
    ],
)
def test_addresses_are_shown_in_their_canonical_form(
    service: LiveService, sent: str, shown: str
) -> None:
    _, record = posted(service, report(ipaddress=sent))
    assert record["ipaddress"] == shown


@pytest.mark.parametrize("path", VALID, ids=[path.stem for path in VALID])
def test_every_record_is_valid_and_can_be_posted_again(service: LiveService, path: Path) -> None:
    document = json.loads(path.read_bytes())
    if document["ipaddress"] == report()["ipaddress"]:
        # A server of its own, since a process keeps the details of its first report.
        document["ipaddress"] = f"10.3.0.{VALID.index(path)}"
    _, record = posted(service, document)
    SCHEMAS[document.get("version_esquema", 1)].validate(record)
    assert sorted_rows(without_spellings(record)) == sorted_rows(without_spellings(document))
    assert posted(service, record)[1] == record


def test_a_record_stays_as_it_is_when_the_server_changes(service: LiveService) -> None:
    first = report(3, ipaddress="10.2.0.2", fecha_hora="2020-02-15 01:00:00.000000")
    id_serv, _ = posted(service, first)
    posted(
        service, report(9, ipaddress="10.2.0.2", nombre_so="BSD", fecha_hora="2021-01-01 00:00:00")
    )
    posted(service, report(0, ipaddress="10.2.0.2", fecha_hora="2019-01-01 00:00:00"))
    assert sorted_rows(service.get(f"/servers/{id_serv}").json()) == sorted_rows(first)


NOT_FOUND = [0, -1, 2**62, 2**63 - 1, 2**63, 10**30]
NO_NUMBERS = [
    "x",
    "1.0",
    "1e3",
    "+1",
    "01",
    "1_0",
    "0x1",
    "%201",
    "1%20",
    "01x",
    "\u0663",
    "1%00",
    "null",
    "..%2f1",
]


@pytest.mark.parametrize("noun", ["", "/procesos", "/usuarios_activos"])
@pytest.mark.parametrize("id_serv", [*NOT_FOUND, *NO_NUMBERS])
def test_an_unknown_record_is_404(service: LiveService, id_serv: int | str, noun: str) -> None:
    answer = service.get(f"/servers/{quote(str(id_serv), safe='%+')}{noun}")
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 404


def test_a_missing_record_is_named(service: LiveService) -> None:
    assert service.get("/servers/987654321").json() == {
        "type": "urn:compliance-continuo:problems:no-such-record",
        "title": "No such record",
        "status": 404,
        "detail": "no record has id_serv 987654321",
    }


@pytest.mark.parametrize("noun", ["", "/procesos", "/usuarios_activos"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE"])
def test_a_record_can_only_be_read(service: LiveService, method: str, noun: str) -> None:
    id_serv, record = posted(service, report())
    answer: Answer = service.request(method, f"/servers/{id_serv}{noun}", b"{}")
    assert answer.status == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    assert service.get(f"/servers/{id_serv}").json() == record
