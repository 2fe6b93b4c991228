"""GET /healthz and /readyz."""

from __future__ import annotations

import pytest

from tests.support.live import LiveService
from tests.support.reports import report


def test_healthz_answers_while_the_process_runs(service: LiveService) -> None:
    answer = service.get("/healthz")
    assert (answer.status, answer.json()) == (200, {"estado": "vivo"})


def test_readyz_answers_while_the_database_is_reachable(service: LiveService) -> None:
    answer = service.get("/readyz")
    waiting = {"servidores_pendientes": 0, "retraso": 0}
    nothing = {"remitente": "sin_receptores", "esperan": 0, "retraso": 0, "apartados": 0}
    assert answer.status == 200
    assert answer.json() == {"estado": "listo", "evaluacion": waiting, "avisos": nothing}


def test_readyz_counts_servers_with_unjudged_reports(service: LiveService) -> None:
    assert service.post(report()).status == 201  # nothing evaluates in this test
    assert service.get("/readyz").json()["evaluacion"]["servidores_pendientes"] == 1


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "TRACE"])
def test_health_can_only_be_read(service: LiveService, method: str, path: str) -> None:
    answer = service.request(method, path)
    assert answer.status == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_a_service_without_its_database_is_alive_and_not_ready(fresh_service: LiveService) -> None:
    fresh_service.start()
    away = fresh_service.database.with_name("away")
    fresh_service.database.rename(away)
    answer = fresh_service.get("/readyz")
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:compliance-continuo:problems:unavailable"
    assert str(fresh_service.data) not in answer.body.decode()
    assert fresh_service.get("/healthz").status == 200
    away.rename(fresh_service.database)
    assert fresh_service.get("/readyz").status == 200
