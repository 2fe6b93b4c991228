"""Reports that arrive at the same moment do not mix."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.support.live import Answer, LiveService
from tests.support.reports import report

CLIENTS = 16


def post_at_once(service: LiveService, documents: list[dict[str, Any]]) -> list[Answer]:
    barrier = threading.Barrier(len(documents))

    def post(document: dict[str, Any]) -> Answer:
        barrier.wait(timeout=10)
        return service.post(document)

    with ThreadPoolExecutor(len(documents)) as clients:
        return list(clients.map(post, documents))


def test_concurrent_reports_with_one_time_keep_their_own_rows(service: LiveService) -> None:
    documents = [
        report(
            procesos=[
                {"username": f"user-{client}", "pid": pid, "name": f"program-{client}-{pid}"}
                for pid in range(50 + client)
            ],
            usuarios_activos=[{"pid": client, "name": f"user-{client}"}] * client,
        )
        for client in range(CLIENTS)
    ]
    answers = post_at_once(service, documents)
    assert [answer.status for answer in answers] == [201] * CLIENTS
    ids = [answer.json()["id_serv"] for answer in answers]
    assert len(set(ids)) == CLIENTS
    for id_serv, document in zip(ids, documents, strict=True):
        record = service.get(f"/servers/{id_serv}").json()
        assert sorted(row["name"] for row in record["procesos"]) == sorted(
            row["name"] for row in document["procesos"]
        )
        assert record["usuarios_activos"] == document["usuarios_activos"]


def test_sixteen_concurrent_copies_of_one_report_are_stored_once(service: LiveService) -> None:
    answers = post_at_once(service, [report(ipaddress="10.5.0.1")] * CLIENTS)
    statuses = sorted(answer.status for answer in answers)
    assert statuses == [200] * (CLIENTS - 1) + [201]
    assert len({answer.json()["id_serv"] for answer in answers}) == 1
    assert len({answer.headers["location"] for answer in answers}) == 1


def test_concurrent_first_reports_create_all_servers(service: LiveService) -> None:
    addresses = [f"10.5.1.{client}" for client in range(CLIENTS)]
    documents = [report(ipaddress=address) for address in addresses]
    assert {answer.status for answer in post_at_once(service, documents)} == {201}
    listed = [row["ipaddress"] for row in service.get("/servers?limit=1000").json()["servers"]]
    assert sorted(set(listed) & set(addresses)) == sorted(addresses)
    assert len(listed) == len(set(listed))
