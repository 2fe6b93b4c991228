"""Reports for a full disk, and the checks that hold on it at any time."""

from __future__ import annotations

from typing import Any

from tests.support.live import Answer, LiveService
from tests.support.reports import report


def large(number: int) -> dict[str, Any]:
    """A report of 17 KB with new names only; its mark is the number."""
    names = [f"program-{number}-{at}" for at in range(300)]
    return report(
        marca_proc=str(number),
        ipaddress=f"10.0.{number // 250}.{number % 250 + 1}",
        procesos=[
            {"username": "juan", "pid": 1 + at, "name": name} for at, name in enumerate(names)
        ],
    )


def assert_refused_for_now(answer: Answer) -> None:
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == 503
    assert "errors" not in problem, "the report itself is valid"
    assert "again" in problem["detail"]
    for inside in ("Traceback", "sqlite", "archive", "/"):
        assert inside not in problem["detail"], "internals belong in the log"


def assert_reads_answer(live: LiveService, id_serv: int) -> None:
    for path in (
        "/servers",
        f"/servers/{id_serv}",
        f"/servers/{id_serv}/procesos",
        f"/servers/{id_serv}/usuarios_activos",
        "/healthz",
        "/readyz",
    ):
        assert live.get(path).status == 200, path
    assert live.get("/servers/999999").status == 404
