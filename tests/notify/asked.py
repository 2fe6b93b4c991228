"""A service in this process beside a fleet that is told, with a token of each scope."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from falcon import testing

from service.app import create_app
from service.auth.audit_log import AuditLog
from service.store.queries import load_queries
from service.store.tokens import TokenStore
from tests.support.judged_field import Field
from tests.support.judged_fleet import Fleet
from tests.support.tokens import bearer

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Origin": "http://127.0.0.1:8000"}


class Api:
    def __init__(self, fleet: Fleet | Field) -> None:
        config, database = fleet.config, fleet.database
        self.audit = config.audit_log
        tokens = TokenStore(database, load_queries(), AuditLog(self.audit))
        self.secrets = {scope: tokens.add(scope).secret for scope in ("admin", "lectura")}
        self._client = testing.TestClient(create_app(config, database))

    def ask(self, method: str, path: str, scope: str = "admin", **query: str) -> testing.Result:
        return self._client.simulate_request(
            method, path, params=query, headers=bearer(self.secrets[scope])
        )

    def messages(self, **query: str) -> list[dict[str, Any]]:
        answer = self.ask("GET", "/notificaciones", **query)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json["notificaciones"]
        return found

    def page(self, path: str = "/avisos", language: str = "en", **query: str) -> str:
        answer = self.ask("GET", path, idioma=language, **query)
        assert answer.status_code == 200, answer.text
        return answer.text

    def send(
        self, path: str, fields: dict[str, str], scope: str = "admin", **headers: str
    ) -> testing.Result:
        """A form of a page, as a browser sends it."""
        named = {"Host": "127.0.0.1:8000", "Cookie": f"sesion={self.secrets[scope]}"}
        return self._client.simulate_post(
            path, body=urlencode(fields), headers=named | FORM | headers
        )

    def audited(self, event: str) -> list[dict[str, Any]]:
        entries = map(json.loads, self.audit.read_text().splitlines())
        return [entry for entry in entries if entry["hecho"] == event]
