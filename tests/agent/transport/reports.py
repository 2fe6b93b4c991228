"""Reports and deliveries for the tests of the transport."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from agent.state.spool import Spool
from agent.transport.credentials import Credentials
from agent.transport.delivery import Delivery
from agent.transport.http_client import ApiClient
from agent.wire import WireReport
from tests.agent.apis import Reply


def refuses(pointer: str) -> Reply:
    """The API reports a fault there."""
    problem = {"errors": [{"pointer": pointer, "detail": "expected something else"}]}
    return Reply(400, {"Content-Type": "application/problem+json"}, json.dumps(problem).encode())


NO_VERSION_2 = refuses("/version_esquema")
STORED, BUSY = Reply(201), Reply(503, {"Retry-After": "9"})


def report(number: int) -> WireReport:
    return {
        "arquitectura_proc": "x86_64",
        "marca_proc": "x",
        "procesos": [{"username": "u", "pid": number, "name": "p", "ppid": 1}],
        "usuarios_activos": [{"pid": 5, "name": "u", "terminal": "pts/0"}],
        "nombre_so": "x",
        "version_so": "x",
        "ipaddress": "127.0.0.1",
        "fecha_hora": "2026-11-23T10:00:00Z",
        "version_esquema": 2,
    }


def number_of(body: bytes) -> int:
    found: int = json.loads(body)["procesos"][0]["pid"]
    return found


def a_delivery(url: str, folder: Path, version: int = 2, **limits: Any) -> Delivery:
    return Delivery(ApiClient(url, Credentials()), Spool(str(folder), **limits), version)


def take(delivery: Delivery, *numbers: int) -> None:
    for number in numbers:
        delivery.take(report(number), f"report {number}")
