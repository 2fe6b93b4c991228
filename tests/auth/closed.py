"""A service that requires tokens, and what clients ask of it."""

from __future__ import annotations

import json
from typing import Any

from tests.support.live import Answer, LiveService
from tests.support.reports import report_2
from tests.support.tokens import bearer, make_token


class Closed:
    """A service that requires tokens."""

    def __init__(self, live: LiveService) -> None:
        self.live = live
        self.admin = make_token(live.data, "admin")
        self.enrolling = make_token(live.data, "inscripcion", "--uses", "50", "--lifetime", "90d")
        self.anyone = make_token(live.data, "ingest")

    def ask(self, secret: str, machine: str, **headers: str) -> Answer:
        """POST /inscripcion"""
        body = json.dumps({"id_maquina": machine}).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.live.request("POST", "/inscripcion", body, bearer(secret) | named)

    def given(self, secret: str, machine: str, **headers: str) -> str:
        answer = self.ask(secret, machine, **headers)
        assert answer.status == 201, answer.body
        return str(answer.json()["token"])

    def post(self, secret: str, machine: str, **members: Any) -> int:
        body = json.dumps(report_2(id_maquina=machine, **members)).encode()
        return self.live.request("POST", "/servers", body, bearer(secret)).status

    def tokens(self, machine: str | None = None) -> list[dict[str, Any]]:
        answer = self.live.request("GET", "/tokens", headers=bearer(self.admin))
        assert answer.status == 200
        listed: list[dict[str, Any]] = answer.json()["tokens"]
        return [each for each in listed if machine is None or each["server"] == f"id:{machine}"]

    def good(self, machine: str) -> list[int]:
        return [each["id"] for each in self.tokens(machine) if each["vigente"]]

    def revoke(self, number: int) -> int:
        address = f"/tokens/{number}"
        return self.live.request("DELETE", address, headers=bearer(self.admin)).status
