"""POST /consulta and the page /consultar: an administrator asks with SQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import unescape
from urllib.parse import urlencode

import pytest

from tests.support.live import Answer, LiveService
from tests.support.reports import report
from tests.support.tokens import bearer, make_token

COUNT = "SELECT count(*) AS n FROM procesos_vigentes"
FORMULA = """SELECT '=1+1' AS "-x", '<script>' AS y, NULL AS z, 2 AS z"""
MANY = "WITH RECURSIVE n(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM n) SELECT a FROM n"
FORM = "application/x-www-form-urlencoded"


class Asked:
    """A service with queries on, its tokens, and a report of the past that came just now."""

    def __init__(self, live: LiveService) -> None:
        self.live = live
        self.admin = make_token(live.data, "admin", "--name", "ana")
        self.reader = make_token(live.data, "lectura")

    def ask(self, sql: object, address: str = "", secret: str = "", **headers: str) -> Answer:
        named = bearer(secret or self.admin) | headers
        body = json.dumps({"sql": sql}).encode()
        return self.live.request("POST", f"/consulta{address}", body, named)

    def send(self, fields: dict[str, str], secret: str, **headers: str) -> Answer:
        """Sends the form of the page, as a browser does that keeps the cookie of this token."""
        named = {"Content-Type": FORM, "Cookie": f"sesion={secret}", "Origin": self.live.url}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        body = urlencode(fields).encode()
        given = {name: value for name, value in named.items() if value}
        return self.live.request("POST", "/consultar", body, given)

    def logged(self) -> list[dict[str, object]]:
        lines = (self.live.data / "audit.jsonl").read_text().splitlines()
        return [entry for entry in map(json.loads, lines) if entry["hecho"] == "query asked"]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    live = LiveService(
        tmp_path_factory.mktemp("queries") / "var", COMPLIANCE_QUERIES="1", COMPLIANCE_WORKERS="1"
    )
    try:
        assert live.start().post(report(processes=3)).status == 201
        yield Asked(live)
    finally:
        live.stop()


def test_the_answer_has_columns_and_rows(asked: Asked) -> None:
    answer = asked.ask(FORMULA, "?fecha_hora=2020-02-15T03:00")
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.json() == {
        "fecha_hora": "2020-02-15 03:00:00.000000",
        "columnas": ["-x", "y", "z", "z"],
        "filas": [["=1+1", "<script>", None, 2]],
        "cortada": False,
    }


def test_silent_servers_are_asked_apart(asked: Asked) -> None:
    assert asked.ask(COUNT).json()["filas"] == [[3]]
    assert asked.ask(COUNT, "?estado=silencioso").json()["filas"] == [[0]]
    later = "?fecha_hora=2020-02-15T09:00"
    assert asked.ask(COUNT, later).json()["filas"] == [[0]]
    assert asked.ask(COUNT, f"{later}&estado=silencioso").json()["filas"] == [[3]]
    assert asked.ask(COUNT, "?fecha_hora=2020-02-15T02:10").json()["filas"] == [[3]]
    assert asked.ask(COUNT, "?fecha_hora=2020-02-15T02:00").json()["filas"] == [[0]]


def test_csv_has_no_formulas_and_says_that_it_is_cut(asked: Asked) -> None:
    answer = asked.ask(FORMULA, "?formato=csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.body.decode().splitlines() == ["'-x,y,z,z", "'=1+1,<script>,,2"]
    cut = asked.ask(MANY, Accept="text/csv").body.decode().splitlines()
    assert (len(cut), cut[1000][:9], cut[1001][:10]) == (1002, "1000", '"# cortado')
    assert asked.ask(MANY).json()["cortada"] is True


@pytest.mark.parametrize(
    ("sql", "status", "kind", "detail"),
    [
        ("SELECT digest FROM token", 400, "invalid-query", "no such table: token: expected one of"),
        ("SELECT * FROM sqlite_master", 400, "invalid-query", "line 1: sqlite_master: there is no"),
        ("DELETE FROM procesos_vigentes", 400, "invalid-query", "line 1: expected a SELECT"),
        (7, 400, "invalid-report", "/sql: expected a text"),
    ],
)
def test_a_refused_query_says_why(
    asked: Asked, sql: object, status: int, kind: str, detail: str
) -> None:
    answer = asked.ask(sql)
    problem = answer.json()
    assert (answer.status, problem["type"].rpartition(":")[2]) == (status, kind)
    assert problem["detail"].startswith(detail)


def test_each_query_is_in_the_audit_log(asked: Asked) -> None:
    before = len(asked.logged())
    asked.ask(COUNT, "?fecha_hora=2020-02-15T02:10&estado=silencioso")
    asked.ask("SELECT no")
    asked.send({"sql": "SELECT 3"}, asked.admin)
    first, second, third = asked.logged()[before:]
    shown = (first["name"], first["sql"], first["fecha_hora"], first["estado"], first["source"])
    assert shown == ("ana", COUNT, "2020-02-15 02:10:00.000000", "silencioso", "127.0.0.1")
    assert (second["sql"], third["sql"]) == ("SELECT no", "SELECT 3")


def test_readers_may_not_ask(asked: Asked) -> None:
    before = len(asked.logged())
    assert asked.ask(COUNT, secret=asked.reader).status == 403
    assert asked.live.get("/consultar", Cookie=f"sesion={asked.reader}").status == 403
    assert asked.send({"sql": COUNT}, asked.reader).status == 403
    for address, has_link in (("/", False), ("/entrar", False)):
        page = asked.live.get(address, Cookie=f"sesion={asked.reader}").body.decode()
        assert ('href="/consultar' in page) == has_link
    assert 'href="/consultar' in asked.live.get("/", Cookie=f"sesion={asked.admin}").body.decode()
    assert len(asked.logged()) == before


def test_a_link_fills_in_the_form_and_runs_nothing(asked: Asked) -> None:
    before = len(asked.logged())
    address = f"/consultar?{urlencode({'sql': MANY, 'estado': 'silencioso'})}"
    page = asked.live.get(address, Cookie=f"sesion={asked.admin}")
    assert page.status == 200
    assert MANY in unescape(page.body.decode())
    assert b'id="result"' not in page.body
    assert len(asked.logged()) == before


def test_the_longest_text_of_any_script_fits_into_the_form(asked: Asked) -> None:
    sql = "SELECT count(*) AS n FROM servers_vigentes -- "
    sql += "\N{PENGUIN}" * (8000 - len(sql))
    assert asked.send({"sql": sql}, asked.admin).status == 200
    assert asked.send({"sql": f"{sql}x"}, asked.admin).status == 400


def test_the_page_shows_rows_as_text(asked: Asked) -> None:
    answer = asked.send({"sql": FORMULA, "fecha_hora": "2020-02-15T03:00"}, asked.admin)
    page = answer.body.decode()
    assert answer.status == 200
    assert "&lt;script&gt;" in page
    assert "<td" in page
    assert "<script>" not in page.partition("<body>")[2]
    assert "NULL" in page
    cut = asked.send({"sql": MANY}, asked.admin, Accept_Language="es").body.decode()
    assert "El resultado está cortado" in cut
    assert cut.count('<td class="count">') == 1000
    csv = asked.send({"sql": "SELECT 1\r\nAS a", "formato": "csv"}, asked.admin)
    assert csv.body == b"a\r\n1\r\n"
    assert asked.logged()[-1]["sql"] == "SELECT 1\nAS a"


def test_the_page_shows_a_refused_query_with_the_reason(asked: Asked) -> None:
    sql = "SELECT '</textarea><script>' FROM nowhere"
    answer = asked.send({"sql": sql}, asked.admin)
    page = answer.body.decode()
    assert answer.status == 400
    assert "no such table: nowhere" in page
    assert "</textarea><script>" not in page
    assert sql in unescape(page)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
    ],
)
def test_a_cookie_authenticates_forms_of_our_pages_only(
    asked: Asked, headers: dict[str, str]
) -> None:
    before = len(asked.logged())
    assert asked.send({"sql": COUNT}, asked.admin, **headers).status == 401
    assert len(asked.logged()) == before


def test_a_cookie_authenticates_no_other_write(asked: Asked) -> None:
    browser = {"Cookie": f"sesion={asked.admin}", "Origin": asked.live.url}
    body = json.dumps({"sql": COUNT}).encode()
    assert asked.live.request("POST", "/consulta", body, browser).status == 401
    assert asked.live.request("DELETE", "/tokens/1", headers=browser).status == 401


def test_queries_are_off_by_default(service: LiveService) -> None:
    body = json.dumps({"sql": COUNT}).encode()
    answer = service.request("POST", "/consulta", body)
    assert (answer.status, answer.json()["title"]) == (404, "Queries are off")
    page = service.get("/consultar")
    assert (page.status, b"COMPLIANCE_QUERIES=1" in page.body) == (404, True)
    assert service.request("POST", "/consultar", urlencode({"sql": COUNT}).encode()).status == 404
    assert b'href="/consultar' not in service.get("/").body
    assert not (service.data / "audit.jsonl").exists()
