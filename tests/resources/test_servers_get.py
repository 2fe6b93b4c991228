"""GET /servers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.live import Answer, LiveService
from tests.support.reports import report, report_2

ADDRESSES = [f"10.1.0.{number}" for number in range(1, 12)]


@pytest.fixture(scope="module", autouse=True)
def fleet(service: LiveService) -> None:
    """Eleven servers; the third reported again, and then a late report came."""
    for address in ADDRESSES:
        assert service.post(report(ipaddress=address)).status == 201
    newer = report(ipaddress=ADDRESSES[2], fecha_hora="2020-02-16 00:00:00", version_so="12")
    late = report(ipaddress=ADDRESSES[2], fecha_hora="2019-01-01 00:00:00", version_so="9")
    assert (service.post(newer).status, service.post(late).status) == (201, 201)


def pages(service: LiveService, path: str) -> Iterator[Answer]:
    for _ in range(20):
        answer = service.get(path)
        assert answer.status == 200
        yield answer
        path = answer.json()["siguiente"]
        if path is None:
            return
    raise AssertionError("the pages never end")


def problem_of(answer: Answer) -> dict[str, Any]:
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["type"] == "urn:compliance-continuo:problems:invalid-parameter"
    return problem


def test_each_server_is_listed_once_in_order_of_first_contact(service: LiveService) -> None:
    answer = service.get("/servers")
    assert answer.headers["content-type"] == "application/json"
    assert [row["ipaddress"] for row in answer.json()["servers"]] == ADDRESSES
    assert answer.json()["siguiente"] is None
    assert "link" not in answer.headers


def test_a_row_is_the_newest_record_in_order(service: LiveService) -> None:
    row = service.get("/servers").json()["servers"][2]
    record = service.get(f"/servers/{row['id_serv']}").json()
    assert row == {
        "servidor": 3,
        "id_serv": row["id_serv"],
        "ipaddress": "10.1.0.3",
        "fecha_hora": "2020-02-16 00:00:00.000000",
        "arquitectura_proc": "x86_64",
        "marca_proc": "Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz",
        "nombre_so": "Linux",
        "version_so": "12",
        "version_esquema": 1,
        "id_maquina": None,
        "nombre_host": None,
        "nucleo": None,
        "version_agente": None,
        "fuente_usuarios": None,
        "descartados": None,
        "id_clonado": False,
        "recibido": row["recibido"],
        "reloj": None,
        "zona": None,
        "ultimo_contacto": row["ultimo_contacto"],
        "estado": "al_dia",
        "antiguedad": None,
        "momento": "abierto",
        "con_tardios": False,
        "soporte": "desconocido",
    }
    assert row["recibido"] == row["ultimo_contacto"]  # which no late report moves
    shared = row.keys() & record.keys()
    assert len(shared) == 6
    assert {name: record[name] for name in shared} == {name: row[name] for name in shared}


def test_the_members_of_version_2_of_a_server_are_shown(fresh_service: LiveService) -> None:
    fresh_service.start()
    document = report_2(1, descartados=4)
    clone = document | {"nombre_host": "web-2", "ipaddress": "10.0.0.2"}
    for posted in (document, clone, document | {"id_maquina": "another"}):
        assert fresh_service.post(posted).status == 201
    rows = fresh_service.get("/servers").json()["servers"]
    members = set(document) - {"procesos", "usuarios_activos"}
    assert {name: rows[0][name] for name in members} == {name: document[name] for name in members}
    assert [(row["nombre_host"], row["id_clonado"]) for row in rows] == [
        ("web-1", True),
        ("web-2", True),
        ("web-1", False),
    ]


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 10, 11, 12, 1000])
def test_the_pages_together_are_the_whole_list(service: LiveService, limit: int) -> None:
    answers = list(pages(service, f"/servers?limit={limit}"))
    rows = [answer.json()["servers"] for answer in answers]
    assert [row["ipaddress"] for page in rows for row in page] == ADDRESSES
    assert [len(page) for page in rows[:-1]] == [limit] * (len(rows) - 1)
    assert 1 <= len(rows[-1]) <= limit


def test_the_link_header_equals_the_next_page_in_the_body(service: LiveService) -> None:
    for answer in pages(service, "/servers?limit=4"):
        following = answer.json()["siguiente"]
        expected = None if following is None else f"<{following}>; rel=next"
        assert answer.headers.get("link") == expected


def test_a_server_that_joins_between_two_pages_is_on_the_last(
    fresh_service: LiveService,
) -> None:
    fresh_service.start()
    for address in ADDRESSES[:3]:
        fresh_service.post(report(ipaddress=address))
    first = fresh_service.get("/servers?limit=2").json()
    fresh_service.post(report(ipaddress=ADDRESSES[3]))
    second = fresh_service.get(first["siguiente"]).json()
    assert [row["ipaddress"] for row in second["servers"]] == ADDRESSES[2:4]


@pytest.mark.parametrize(
    "limit", ["0", "-1", "1001", "1e2", "1.0", "ten", "%201", "9" * 30, "\u0663"]
)
def test_a_limit_out_of_bounds_is_refused(service: LiveService, limit: str) -> None:
    problem = problem_of(service.get(f"/servers?limit={quote(limit, safe='%')}"))
    (fault,) = problem["errors"]
    assert fault["parameter"] == "limit"
    assert fault["detail"].startswith("expected an integer from 1 to 1000, got ")


@pytest.mark.parametrize(
    "cursor",
    ["0", "x", "MTAw", "8000000000000000", "00000000000000000", "000000000000000G", "..%2F"],
)
def test_an_invalid_cursor_is_refused(service: LiveService, cursor: str) -> None:
    (fault,) = problem_of(service.get(f"/servers?cursor={cursor}"))["errors"]
    assert fault["parameter"] == "cursor"
    assert fault["detail"].startswith("expected the cursor of a next page, got ")


def test_a_cursor_past_the_end_gives_an_empty_page(service: LiveService) -> None:
    answer = service.get("/servers?cursor=7fffffffffffffff").json()
    assert (answer["servers"], answer["siguiente"]) == ([], None)


@pytest.mark.parametrize("query", ["limits=3", "nombre=x", "limit=3&x", "LIMIT=3", "=3", "%00=1"])
def test_an_unknown_parameter_is_refused(service: LiveService, query: str) -> None:
    (fault,) = problem_of(service.get(f"/servers?{query}"))["errors"]
    assert fault["parameter"] not in ("limit", "cursor")
    assert fault["detail"].startswith("unknown parameter, expected ipaddress, nombre_so, ")


@pytest.mark.parametrize("query", ["limit=3&limit=4", "limit=3,4"])
def test_a_repeated_parameter_is_refused(service: LiveService, query: str) -> None:
    (fault,) = problem_of(service.get(f"/servers?{query}"))["errors"]
    assert fault["parameter"] == "limit"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE"])
def test_another_method_gets_405_with_allow(service: LiveService, method: str) -> None:
    answer = service.request(method, "/servers")
    assert answer.status == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "POST", "OPTIONS"}


@pytest.mark.parametrize("path", ["/server", "/servers/", "/Servers", "/servers//1", "/%2e%2e"])
def test_an_unknown_path_is_404(service: LiveService, path: str) -> None:
    answer = service.get(path)
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 404
