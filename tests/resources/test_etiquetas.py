"""GET, PUT and DELETE of /servers/{id_serv}/etiquetas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import falcon
import falcon.testing
import pytest

from service.app import create_app
from service.auth.audit_log import AuditLog
from service.config import Config
from service.maintenance.startup import prepare
from service.store.engines import open_database
from service.store.queries import load_queries
from service.store.tokens import TokenStore
from tests.support.reports import report
from tests.support.tokens import bearer


class Api:
    def __init__(self, folder: Path) -> None:
        self.config = Config(data=folder)
        prepare(self.config)
        self.database = open_database(self.config.database)
        store = TokenStore(self.database, load_queries(), AuditLog(self.config.audit_log))
        self.secrets = {scope: store.add(scope, by="ana").secret for scope in ("admin", "lectura")}
        self.client = falcon.testing.TestClient(create_app(self.config, self.database))
        document = report(2, ipaddress="10.0.0.1", fecha_hora="2026-03-01 10:00:00")
        (self.id_serv,) = (self.ask("POST", "/servers", document).json["id_serv"] for _ in range(1))

    def ask(
        self, method: str, path: str, document: object = None, scope: str = "admin", **query: str
    ) -> Any:
        return self.client.simulate_request(
            method,
            path,
            json=document,
            params=query,
            headers=bearer(self.secrets[scope]),
        )

    def tags(self, **query: str) -> list[tuple[str, str]]:
        answer = self.ask("GET", f"/servers/{self.id_serv}/etiquetas", scope="lectura", **query)
        assert answer.status_code == 200, answer.text
        return [(tag["clave"], tag["valor"]) for tag in answer.json["etiquetas"]]

    def put(self, key: str, document: object, scope: str = "admin") -> int:
        path = f"/servers/{self.id_serv}/etiquetas/{key}"
        status: int = self.ask("PUT", path, document, scope).status_code
        return status

    def events(self) -> list[str]:
        lines = self.config.audit_log.read_text(encoding="utf-8").splitlines()
        return [line["hecho"] for line in map(json.loads, lines) if "tag" in line["hecho"]]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Any:
    made = Api(tmp_path_factory.mktemp("var"))
    yield made
    made.database.close()


def test_administrators_tell_and_remove_tags_and_readers_see_them(api: Api) -> None:
    assert api.put("entorno", {"valor": "produccion", "desde": "2026-01-01"}) == 204
    assert api.put("rol", {"valor": "ñu"}) == 204
    assert api.tags() == [("entorno", "produccion"), ("rol", "ñu")]
    assert api.tags(fecha_hora="2026-03-02") == []  # it was not told then
    path = f"/servers/{api.id_serv}/etiquetas"
    assert api.ask("DELETE", f"{path}/rol").status_code == 204
    assert api.ask("DELETE", f"{path}/rol").status_code == 404
    assert api.tags() == [("entorno", "produccion")]
    assert api.tags(historial="si") == [("rol", "ñu"), ("entorno", "produccion")]
    csv = api.ask("GET", path, scope="lectura", formato="csv").text.splitlines()
    assert csv[0] == "clave,valor,desde,dicha,por"
    assert csv[1].startswith("entorno,produccion,2026-01-01 00:00:00.000000,")
    assert api.events() == ["tag set", "tag set", "tag removed"]


@pytest.mark.parametrize(
    ("key", "document", "status"),
    [
        ("Entorno", {"valor": "x"}, 400),
        ("a%3Db", {"valor": "x"}, 400),
        ("entorno", {"valor": "a\nb"}, 400),
        ("entorno", {"valor": 1}, 400),
        ("entorno", {}, 400),
        ("entorno", {"valor": "x", "hasta": "2026-01-01"}, 400),
        ("entorno", {"valor": "x", "desde": "9998-01-01"}, 400),
        ("entorno", {"valor": "x", "desde": 7}, 400),
    ],
)
def test_what_is_no_tag_is_an_invalid_request(
    api: Api, key: str, document: object, status: int
) -> None:
    before = (api.tags(), api.events())
    assert api.put(key, document) == status
    assert (api.tags(), api.events()) == before


def test_readers_tell_no_tags(api: Api) -> None:
    assert api.put("entorno", {"valor": "x"}, scope="lectura") == 403
    path = f"/servers/{api.id_serv}/etiquetas/entorno"
    assert api.ask("DELETE", path, scope="lectura").status_code == 403


def test_a_record_that_is_not_there_has_no_tags(api: Api) -> None:
    for method, document in (("PUT", {"valor": "x"}), ("DELETE", None)):
        assert api.ask(method, "/servers/99/etiquetas/entorno", document).status_code == 404
    assert api.ask("GET", "/servers/99/etiquetas").status_code == 404
