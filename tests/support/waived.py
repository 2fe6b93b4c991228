"""The API over three servers that are judged, for tests of waivers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import falcon.testing
import pytest

from service import times
from service.app import create_app
from service.auth.audit_log import AuditLog
from service.config import Config
from service.maintenance.startup import prepare
from service.store.engines import open_database
from service.store.queries import load_queries
from service.store.tokens import TokenStore
from service.times import MINUTE
from tests.support.judged import PASSES, Judging, fails
from tests.support.reports import report_2
from tests.support.tokens import bearer

START = times.parse("2026-03-01 10:00:00")
UNTIL = "2026-03-11"


class WaivedApi:
    """Three servers judged by minero: the first fails twice, the second once, the third passes.

    resolve: how many reports that pass end a violation.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, *, resolve: int = 1) -> None:
        self.now = START
        monkeypatch.setattr(times, "now", lambda: self.now)
        self.config = Config(data=folder)
        prepare(self.config)
        self.database = open_database(self.config.database)
        tokens = TokenStore(self.database, load_queries(), AuditLog(self.config.audit_log))
        self.secrets = {scope: tokens.add(scope, by="ana").secret for scope in ("admin", "lectura")}
        self.client = falcon.testing.TestClient(create_app(self.config, self.database))
        self.judging = Judging(self.database)
        self.judging.take_up("minero", START, resolve=resolve)
        self.records = [self.report(n) for n in (1, 2, 3)]
        found = (fails("xmrig", "minerd"), fails("xmrig"), PASSES)
        for id_serv, verdict in zip(self.records, found, strict=True):
            self.judging.report(id_serv, minero=verdict)
        self.now += MINUTE

    def report(self, number: int) -> int:
        document = report_2(
            id_maquina=f"machine-{number}",
            ipaddress=f"10.0.{number}.9",
            fecha_hora=times.to_text(self.now),
        )
        return int(self.ask("POST", "/servers", document).json["id_serv"])

    def ask(
        self, method: str, path: str, document: object = None, scope: str = "admin", **query: str
    ) -> Any:
        headers = bearer(self.secrets[scope])
        return self.client.simulate_request(
            method, path, json=document, params=query, headers=headers
        )

    def waive(self, **members: Any) -> Any:
        document = {"politica": "minero", "motivo": "lab", "hasta": UNTIL} | members
        return self.ask("POST", "/exenciones", document)

    def waived(self, **members: Any) -> int:
        answer = self.waive(**members)
        assert answer.status_code == 201, answer.text
        return int(answer.json["id"])

    def waivers(self, **query: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.ask("GET", "/exenciones", **query).json["exenciones"]
        return rows

    def state(self, waiver_id: int, **query: str) -> tuple[str, int, int]:
        row = self.ask("GET", f"/exenciones/{waiver_id}", **query).json
        return row["estado"], row["violaciones"], row["servidores"]

    def marks(self, **query: str) -> dict[tuple[int, str], int | None]:
        """The waiver of each open violation, by server and program."""
        rows = self.ask("GET", "/violaciones", abiertas="si", **query).json["violaciones"]
        assert all(row["exenta"] == (row["exencion"] is not None) for row in rows)
        return {(row["servidor"], row["clave"]["name"]): row["exencion"] for row in rows}

    def counts(self, **query: str) -> tuple[int, ...]:
        (rule,) = self.ask("GET", "/politicas", **query).json["politicas"]
        names = ("cumple", "falla", "desconocido", "violaciones_abiertas", "exentas", "proporcion")
        return tuple(rule[name] for name in names)

    def entries(self) -> list[dict[str, Any]]:
        lines = map(json.loads, self.config.audit_log.read_text().splitlines())
        return [line for line in lines if line["hecho"].startswith("waiver ")]
