"""/etiquetado and the forms of a server's page: tags of the fleet, told by administrators."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import falcon.testing
import pytest

from service import times
from service.app import create_app
from service.auth.audit_log import AuditLog
from service.auth.token_format import COOKIE
from service.config import Config
from service.maintenance.startup import prepare
from service.policies.rules.folders import read_policies
from service.store.engines import open_database
from service.store.queries import load_queries
from service.store.tokens import TokenStore
from tests.support.judged import Judging
from tests.support.reports import report

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Origin": "http://127.0.0.1:8000"}
HEADER = "servidor,clave,valor\r\n"


class Visit:
    def __init__(self, config: Config, client: falcon.testing.TestClient) -> None:
        self.config, self.client = config, client
        self.secrets: dict[str, str] = {}

    def ask(self, method: str, path: str, scope: str = "admin", **options: Any) -> Any:
        headers = {
            "Host": "127.0.0.1:8000",
            "Accept-Language": "en",
            "Cookie": f"{COOKIE}={self.secrets[scope]}",
            **options.pop("headers", {}),
        }
        return self.client.simulate_request(method, path, headers=headers, **options)

    def post(self, path: str, scope: str = "admin", origin: str = "", **fields: str) -> Any:
        headers = FORM | ({"Origin": origin} if origin else {})
        return self.ask("POST", path, scope, body=urlencode(fields), headers=headers)

    def tags(self) -> list[tuple[str, str, int]]:
        rows = self.ask("GET", "/etiquetas").json["etiquetas"]
        return [(row["clave"], row["valor"], row["servidores"]) for row in rows]

    def told(self) -> list[tuple[str, str | None]]:
        """Those of the audit log: key, and who told it."""
        lines = map(json.loads, self.config.audit_log.read_text(encoding="utf-8").splitlines())
        return [(each["clave"], each["by"]) for each in lines if each["hecho"] == "tag set"]


@pytest.fixture
def visit(tmp_path: Path) -> Iterator[Visit]:
    with _visited(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def untagged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    """For tests that change nothing."""
    with _visited(tmp_path_factory.mktemp("untagged")) as made:
        yield made


@contextmanager
def _visited(folder: Path) -> Iterator[Visit]:
    config = Config(data=folder / "var")
    prepare(config)
    with closing(open_database(config.database)) as database:
        made = Visit(config, falcon.testing.TestClient(create_app(config, database)))
        for number in (1, 2, 3):
            document = report(ipaddress=f"10.0.0.{number}", fecha_hora=times.to_text(times.now()))
            made.client.simulate_post("/servers", json=document, headers={"Host": "localhost"})
        store = TokenStore(database, load_queries(), AuditLog(config.audit_log))
        made.secrets = {scope: store.add(scope, by="ana").secret for scope in ("admin", "lectura")}
        judging = Judging(database)
        for rule in ("minero", "cuenta-compartida"):
            judging.take_up(rule, times.now())
        yield made


def test_a_file_is_imported_on_the_page_and_shown_there(visit: Visit) -> None:
    rows = f"{HEADER}10.0.0.1,rol,web\r\n2,rol,web\r\n3,rol,<b>\r\n"
    answer = visit.post("/etiquetado", texto=rows)
    assert (answer.status_code, answer.headers["location"]) == (303, "/etiquetado?cambiadas=3")
    assert visit.tags() == [("rol", "<b>", 1), ("rol", "web", 2)]
    page = visit.ask("GET", "/etiquetado?cambiadas=3", "lectura").text
    assert "3 tags were changed." in page
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert 'href="/?etiqueta=rol%3Dweb#servers">2</a>' in page
    assert "<textarea" not in page  # it is for administrators
    csv = visit.ask("GET", "/etiquetas?formato=csv").text
    assert csv == "clave,valor,servidores\r\nrol,<b>,1\r\nrol,web,2\r\n"
    assert visit.ask("GET", "/etiquetas?fecha_hora=2026-01-01").json["etiquetas"] == []
    assert "No server has a tag." in visit.ask("GET", "/etiquetado?fecha_hora=2026-01-01").text


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        (f"{HEADER}1,rol,web\nmail,rol,mail\n", "line 3: mail: there is no such server"),
        (f"{HEADER}1,rol\n", "line 2: expected a cell for each column"),
        (f"{HEADER}1,Rol,web\n", "line 2: clave: expected a lower-case letter"),
        ("servidor\n1\n", "line 1: expected the columns servidor, clave, valor"),
        (HEADER + "1,rol,web\n" * 5001, "expected at most 5000 tags"),
    ],
)
def test_a_file_with_a_fault_changes_nothing(untagged: Visit, rows: str, fault: str) -> None:
    answer = untagged.post("/etiquetado", texto=rows)
    assert answer.status_code == 400
    assert fault in answer.text
    assert "Nothing was changed:" in answer.text
    bearer = {"Authorization": f"Bearer {untagged.secrets['admin']}", "Content-Type": "text/csv"}
    by_api = untagged.ask("POST", "/etiquetas", body=rows, headers=bearer)
    assert by_api.status_code == 400
    assert fault in by_api.json["detail"]
    assert untagged.tags() == []


def test_the_api_imports_a_file(visit: Visit) -> None:
    bearer = {"Authorization": f"Bearer {visit.secrets['admin']}", "Content-Type": "text/csv"}
    body = "\ufeff" + HEADER + "1,rol,web\r\n2,rol,web\r\n"
    for told in ({"cambiadas": 2, "iguales": 0}, {"cambiadas": 0, "iguales": 2}):
        answer = visit.ask("POST", "/etiquetas", body=body.encode(), headers=bearer)
        assert (answer.status_code, answer.json) == (200, told)
    assert visit.ask("POST", "/etiquetas", body=b"\xff", headers=bearer).status_code == 400
    assert visit.ask("POST", "/etiquetas", body=b"", headers=bearer).status_code == 400
    as_json = bearer | {"Content-Type": "application/json"}
    assert visit.ask("POST", "/etiquetas", body=b"[]", headers=as_json).status_code == 400
    assert len(visit.told()) == 2


def test_the_form_of_a_server_tells_and_removes_a_tag(visit: Visit) -> None:
    answer = visit.post("/servidor/2/etiquetas", clave="entorno", valor="produccion")
    assert (answer.status_code, answer.headers["location"]) == (303, "/servidor/2#tags")
    page = visit.ask("GET", "/servidor/2").text
    section = page.partition('id="tags"')[2].partition("</section>")[0]
    assert "entorno" in section
    assert "produccion" in section
    assert 'name="quitar"' in section
    assert (
        "<form"
        not in visit.ask("GET", "/servidor/2", "lectura")
        .text.partition('id="tags"')[2]
        .partition("</section>")[0]
    )
    assert visit.told() == [("entorno", "token 1")]
    before = visit.ask("GET", "/servidor/2?fecha_hora=2026-01-01", "lectura")
    assert before.status_code == 200
    assert visit.post("/servidor/2/etiquetas", clave="entorno", quitar="si").status_code == 303
    assert visit.tags() == []
    again = visit.post("/servidor/2/etiquetas", clave="entorno", quitar="si")
    assert again.status_code == 404
    assert visit.post("/servidor/9/etiquetas", clave="a", valor="b").status_code == 404
    for fields in ({"clave": "entorno"}, {"clave": "Entorno", "valor": "x"}, {"valor": "x"}):
        assert visit.post("/servidor/2/etiquetas", **fields).status_code == 400


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/etiquetado", {"texto": f"{HEADER}1,rol,web\n"}),
        ("/servidor/1/etiquetas", {"clave": "rol", "valor": "web"}),
    ],
)
def test_only_administrators_on_a_page_of_ours_tell_tags(
    untagged: Visit, path: str, fields: dict[str, str]
) -> None:
    assert untagged.post(path, "lectura", **fields).status_code == 403
    assert untagged.post(path, origin="http://example.org", **fields).status_code == 401
    headers = {"Content-Type": FORM["Content-Type"]}
    assert untagged.ask("POST", path, body=urlencode(fields), headers=headers).status_code == 401
    assert untagged.tags() == []


def test_the_page_names_tags_of_rules_that_no_server_has(visit: Visit) -> None:
    rules = read_policies().rules
    tag = rules["cuenta-compartida"].applies.tag
    assert tag == "entorno=produccion"
    assert "/regla/cuenta-compartida" in visit.ask("GET", "/etiquetado").text
    visit.post("/servidor/1/etiquetas", clave="entorno", valor="pruebas")
    assert "/regla/cuenta-compartida" in visit.ask("GET", "/etiquetado").text
    visit.post("/servidor/1/etiquetas", clave="entorno", valor="produccion")
    assert "/regla/cuenta-compartida" not in visit.ask("GET", "/etiquetado").text
