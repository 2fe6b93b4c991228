"""Properties of all lists: CSV, ETags, and refused parameters."""

from __future__ import annotations

import json
import re
from contextlib import closing
from typing import Any
from urllib.parse import quote

import pytest

from service.project import SCHEMAS_FOLDER
from service.store.engines import open_database
from tests.support.judged import Judging
from tests.support.lists import address, as_csv, csv_of, fault_of, rows_of
from tests.support.live import LiveService
from tests.support.reports import report, report_2

FORMULAS = [
    "=HYPERLINK(1)",
    "+1",
    "-1",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "\ttab",
    "  =1",
    '"=1',
    "'=1",
    "\u201c=1",
    "\uff1d1",
    "\uff0b1",
    "\uff0d1",
    "\uff20A",
    "\ufe661",
    "\u22121",
    "\u00a0=1",
    "\u200b=1",
    "\ufeff=1",
    "\u202e=1",
    "\x1b=1",
]
HARMLESS = ["a=1", "'quoted", '"two", words', "1-1", "two\r\nlines", " x", "ñ", "", "[kworker/0:1]"]
LISTS = [
    "/servers",
    "/servers/1/procesos",
    "/servers/1/usuarios_activos",
    "/servers/1/historial",
    "/servers/1/cambios",
    "/procesos",
    "/procesos/historial",
    "/usuarios_activos",
    "/usuarios_activos/historial",
]
PAGED = [path for path in LISTS if path not in LISTS[1:3]]
every_list = pytest.mark.parametrize("path", LISTS)
every_table = pytest.mark.parametrize("path", [*LISTS, "/resumen"])


@pytest.fixture(scope="module", autouse=True)
def fleet(service: LiveService) -> None:
    """Names of every kind, a change of each, and a few servers more."""
    names = FORMULAS + HARMLESS
    documents = [
        report(
            procesos=[{"pid": 7, "name": name, "username": name} for name in names],
            usuarios_activos=[{"pid": None, "name": name} for name in names],
            nombre_so="=so",
        ),
        report(1, nombre_so="-so", fecha_hora="2020-02-15 03:00:00"),
        report_2(2, nombre_host="@host"),
        report(0, ipaddress="10.0.0.3", usuarios_activos=[]),
    ]
    for document in documents:
        assert service.post(document).status == 201
    with closing(open_database(service.database)) as database:
        Judging(database).take_up("minero", at=0)


@every_list
def test_the_csv_and_the_json_have_equal_rows(service: LiveService, path: str) -> None:
    answer = service.get(address(path, limit=1000) if path in PAGED else path)
    rows = rows_of(answer)
    assert rows
    beside = {"siguiente", "silenciosos", "tardios", "hay_mas_tardios", "conocido_en"}
    if path not in LISTS[1:3]:
        beside.add("fecha_hora")  # of the question
    shared = {n: v for n, v in answer.json().items() if v != rows and n not in beside}
    expected = [{n: as_csv(v) for n, v in (shared | row).items()} for row in rows]
    in_csv = service.get(address(path, formato="csv", **({"limit": 1000} if path in PAGED else {})))
    assert csv_of(in_csv) == expected


@pytest.mark.parametrize("path", PAGED)
def test_the_csv_and_the_json_have_equal_pages(service: LiveService, path: str) -> None:
    found: list[dict[str, str]] = []
    following = address(path, limit=1, formato="csv")
    while following and len(found) < 5:
        answer = service.get(following)
        found += csv_of(answer)
        link = re.fullmatch(r"<(.+)>; rel=next", answer.headers.get("link", ""))
        following = link[1] if link else ""
        assert not following or "formato=csv" in following
    complete = csv_of(service.get(address(path, formato="csv")))
    assert found == complete[: len(found)]
    assert len(found) >= min(5, len(complete))


def test_csv_cells_that_look_like_formulas_are_guarded(
    service: LiveService,
) -> None:
    body = service.get("/servers/1/procesos?formato=csv").body.decode()
    rows = rows_of(service.get("/servers/1/procesos"))
    assert {row["name"] for row in rows} == {*FORMULAS, *HARMLESS}
    for name in FORMULAS:
        quoted = '"{}"'.format(f"'{name}".replace('"', '""'))
        assert f",7,'{name},'{name}," in body or f",7,{quoted},{quoted}," in body, repr(name)
    for name in HARMLESS:
        quoted = '"{}"'.format(name.replace('"', '""'))
        assert f",7,{name},{name}," in body or f",7,{quoted},{quoted}," in body, repr(name)


def test_csv_guards_texts_but_not_numbers(service: LiveService) -> None:
    assert b",'-so," in service.get("/servers?formato=csv").body
    assert b",'@host," in service.get("/procesos?formato=csv").body
    changes = service.get("/servers/1/cambios?formato=csv").body
    assert b",nombre_so,'=so,'-so," in changes


def test_a_csv_has_a_header_and_ends_its_lines_in_crlf(service: LiveService) -> None:
    answer = service.get("/servers/4/procesos?formato=csv")
    names = b"id_proc,pid,name,username,ppid,inicio,ejecutable,linea_comando"
    of = b"id_serv,ip_server,fecha_hora,recibido,reloj,zona"
    assert answer.body == b"%s,%s\r\n" % (of, names)
    assert answer.headers["content-disposition"] == 'attachment; filename="servers-4-procesos.csv"'


@every_table
@pytest.mark.parametrize(
    ("accept", "formato", "csv_comes"),
    [
        ("text/csv", "", True),
        ("text/*", "", True),
        ("TEXT/CSV; charset=utf-8", "", True),
        ("text/csv;q=0.5, application/json;q=0.4", "", True),
        ("text/csv, */*;q=0.1", "", True),
        ("text/csv, application/json", "", False),
        ("text/csv;q=0.4, application/json;q=0.5", "", False),
        ("text/csv;q=0", "", False),
        ("*/*", "", False),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "", False),
        ("image/png", "", False),
        ("nonsense", "", False),
        ("text/csv;q=7", "", False),
        ("application/json", "csv", True),
        ("text/csv", "json", False),
    ],
)
def test_formato_takes_precedence_over_accept(
    service: LiveService, path: str, accept: str, formato: str, csv_comes: bool
) -> None:
    answer = service.get(address(path, formato=formato), Accept=accept)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/csv") == csv_comes
    assert answer.headers["vary"] == "Accept"


TAGGED = [*LISTS, "/servers/1", "/openapi.json", "/schemas/report.v1.json"]


@pytest.mark.parametrize("path", [*TAGGED, "/servers?formato=csv"])
def test_a_known_etag_gets_304_without_a_body(service: LiveService, path: str) -> None:
    first = service.get(path)
    tag = first.headers["etag"]
    assert re.fullmatch('"[0-9a-f]{32}"', tag)
    assert first.headers["cache-control"] == "private, no-cache"
    for known in (tag, f"W/{tag}", f'"a", {tag} , "b"', f'"a",W/{tag}', "*"):
        again = service.get(path, **{"If-None-Match": known})
        assert (again.status, again.body) == (304, b"")
        assert (again.headers["etag"], again.headers["cache-control"]) == (
            tag,
            "private, no-cache",
        )
        assert not again.headers.keys() & {"content-type", "content-disposition"}
        assert again.headers.get("vary") == first.headers.get("vary")
    for unknown in ('"a"', tag[:-2] + '"', f'"{tag}', "", ","):
        complete = service.get(path, **{"If-None-Match": unknown})
        assert (complete.status, complete.body) == (200, first.body)


def test_the_etag_changes_only_with_the_answer(service: LiveService) -> None:
    before = service.get("/servers/2").headers["etag"], service.get("/procesos").headers["etag"]
    assert before[0] != service.get("/servers/3").headers["etag"]
    assert service.post(report(1, ipaddress="10.0.0.77")).status == 201
    after = service.get("/servers/2").headers["etag"], service.get("/procesos").headers["etag"]
    assert before[0] == after[0]
    assert before[1] != after[1]


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_never_cached(service: LiveService, path: str) -> None:
    answer = service.get(path, **{"If-None-Match": "*"})
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    assert "etag" not in answer.headers


@pytest.mark.parametrize("path", ["/servers/77777", "/procesos?x=1", "/nothing"])
def test_a_refusal_has_no_etag(service: LiveService, path: str) -> None:
    answer = service.get(path, **{"If-None-Match": "*"})
    assert answer.status in (400, 404)
    assert "etag" not in answer.headers


DESCRIPTION: dict[str, Any] = json.loads((SCHEMAS_FOLDER / "openapi.json").read_bytes())
BAD = {
    "limit": ["0", "-1", "1001", "1.0", "9" * 40, "x", "\u0663", "1,2"],
    "cursor": ["0", "8000000000000000", "000000000000000g", "0" * 17],
    "formato": ["CSV", "xml", "csv,json"],
    "fecha_hora": ["yesterday", "2026-02-30", "2026-11-23T25:00", "1969-12-31", "2026-11-23 10"],
    "conocido_en": ["yesterday", "2026-02-30", "1969-12-31"],
    "desde": ["1", "2026-11-23T10:00:00 01:00"],
    "hasta": ["-", "10000-01-01"],
    "ipaddress": ["10.0.0", "10.0.0.0/33", "::/129", "web-1", "10.0.0.0/8/8", "fe80::1%eth0"],
    "pid": ["-1", "4294967296", "9" * 400, "x", "1e3", "0x1"],
    "estado": ["silent", "0"],
    "name": ["n" * 1025],
    "username": ["u" * 257],
    "nombre_so": ["n" * 513],
    "version_so": ["n" * 513],
    "arquitectura_proc": ["n" * 513],
    "q": ["n" * 513],
    "politica": ["p" * 65],
    "servidor": ["0", "x", "9" * 19],
    "severidad": ["grave", "ALTA"],
    "abiertas": ["true", "1", "S\u00ed"],
    "veredicto": ["pasa", "falla,cumple"],
    "historial": ["true", "SI"],
    "soporte": ["ended", "vigente,ampliado"],
    "receptor": ["r" * 65],
    "etiqueta": ["Entorno", "entorno=", "entorno=\u202eproduccion", "=x", "a b=c", "rol= web"],
    "marco": ["ENS", "cobit"],
}


PARAMETERS = DESCRIPTION["components"]["parameters"]


def described() -> list[tuple[str, str]]:
    """Every path with each of the parameters in its address that openapi.json names."""
    return [
        (
            path.replace("{id_serv}", "1")
            .replace("{rule}", "minero")
            .replace("{framework}", "ens"),
            PARAMETERS[reference["$ref"].rpartition("/")[2]]["name"],
        )
        for path, item in DESCRIPTION["paths"].items()
        for reference in item.get("get", {}).get("parameters", [])
        if "$ref" in reference and "{waiver_id}" not in path  # no waiver stands here
    ]


@pytest.mark.parametrize(("path", "name"), described())
def test_an_invalid_parameter_is_named_in_the_refusal(
    service: LiveService, path: str, name: str
) -> None:
    values = [*map(quote, BAD[name]), "%00", "a%00", "%ED%A0%80", "%FF", "%F5%80%80%80"]
    for value in values:
        fault = fault_of(service.get(f"{path}?{name}={value}"))
        assert fault["parameter"] == name
        assert re.match(r"expected .+, got ", fault["detail"])
    fault = fault_of(service.get(f"{path}?{name}=&{name}="))
    assert fault == {"parameter": name, "detail": "expected one value, got several"}
    assert service.get(f"{path}?{name}=").status == 200


@every_table
@pytest.mark.parametrize("query", ["x=1", "Limit=1", "limit%20=1", "%00=1", "=", "ipaddress[]=1"])
def test_an_unknown_parameter_is_refused(service: LiveService, path: str, query: str) -> None:
    taken = [name for described_path, name in described() if described_path == path]
    fault = fault_of(service.get(f"{path}?{query}"))
    assert fault["parameter"] not in taken
    said = fault["detail"].removeprefix("unknown parameter, expected ")
    assert re.split(", | or ", said) == taken


def test_a_name_that_is_not_utf_8_is_refused(service: LiveService) -> None:
    assert service.get("/servers?%FF=1").status == 400
