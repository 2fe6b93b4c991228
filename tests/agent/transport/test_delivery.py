"""Deliveries to an API with prepared answers; tests/agent/test_live.py uses the real service."""

from __future__ import annotations

import shutil
import socket
import time
from pathlib import Path

import pytest

from agent.state.spool import Spool
from agent.transport import http_client
from agent.transport.delivery_error import DeliveryFailure
from agent.transport.delivery_status import DeliveryStatus
from tests.agent.apis import Reply, scripted_api
from tests.agent.transport.reports import (
    BUSY,
    STORED,
    a_delivery,
    number_of,
    take,
)
from tests.support.live import free_port


@pytest.mark.parametrize("status", [200, 201, 204])
def test_stored_reports_leave_the_spool(status: int, spool_folder: Path) -> None:
    with scripted_api(*[Reply(status)] * 3) as api:
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, 1, 2, 3)
        assert delivery.waiting() == 3
        assert delivery.deliver() is None
    assert [number_of(body) for _, _, body in api.requests] == [1, 2, 3]
    assert (delivery.status, delivery.waiting()) == (DeliveryStatus.DELIVERED, 0)
    assert list(spool_folder.glob("*.json")) == []


@pytest.mark.parametrize(
    "reply",
    [
        *[Reply(status) for status in (408, 429, 500, 502, 503, 504)],
        *[Reply(status) for status in (401, 403, 404, 405, 301, 302, 307)],
        Reply(0),
        Reply(200, {"Content-Type": "text/html; charset=utf-8"}, b"<html>please log in"),
    ],
    ids=lambda reply: str(reply.status),
)
def test_retryable_answers_keep_spool_order(reply: Reply, spool_folder: Path) -> None:
    with scripted_api(STORED, reply, STORED, STORED) as api:
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, 1, 2, 3)
        failure = delivery.deliver()
        assert failure is not None
        assert failure.access_denied == (reply.status in {401, 403})
        assert len(api.requests) == 2
        assert (delivery.status, delivery.waiting()) == (DeliveryStatus.WAITING, 2)
        assert delivery.deliver() is None
    assert [number_of(body) for _, _, body in api.requests] == [1, 2, 2, 3]
    assert api.requests[1][2] == api.requests[2][2]
    assert not (spool_folder / "rejected").exists()


def test_failure_contains_retry_after(spool_folder: Path) -> None:
    with scripted_api(BUSY) as api:
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, 1)
        failure = delivery.deliver()
    assert failure is not None
    assert failure.retry_after == "9"


def test_delivery_sends_at_most_one_batch(spool_folder: Path) -> None:
    with scripted_api(*[STORED] * 5) as api:
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, *range(5))
        assert delivery.deliver(max_reports=2) is None
        assert delivery.waiting() == 3
        delivery.deliver(max_reports=2)
        delivery.deliver(max_reports=2)
    assert [number_of(body) for _, _, body in api.requests] == [0, 1, 2, 3, 4]


def test_denied_access_is_logged_once_an_hour(
    spool_folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = a_delivery("http://127.0.0.1:9", spool_folder)
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    for seconds in (0, 10, 3000, 3599, 3601, 3700):
        clock[0] = 1000.0 + seconds
        delivery.log_failure(DeliveryFailure("401", access_denied=True), "")
    assert len(caplog.records) == 2
    for _ in range(3):
        delivery.log_failure(DeliveryFailure("503"), "; next")
    assert len(caplog.records) == 5


def test_reports_sent_by_another_agent_count_as_delivered(spool_folder: Path) -> None:
    with scripted_api(STORED) as api:
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, 1)
        with Spool(str(spool_folder)).sending(0):
            failure = delivery.deliver()
        assert failure is not None
        assert "another agent" in failure.reason
        assert api.requests == []
        a_delivery(api.url, spool_folder).deliver()
        assert delivery.deliver() is None
        delivery.finish()
    assert len(api.requests) == 1
    assert delivery.status is DeliveryStatus.DELIVERED


def test_report_that_another_agent_could_not_deliver_does_not_count_as_delivered(
    spool_folder: Path,
) -> None:
    with scripted_api(Reply(400)) as api:
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, 1)
        a_delivery(api.url, spool_folder).deliver()
        assert delivery.deliver() is None
        assert delivery.finish() is DeliveryStatus.REFUSED


def test_removed_or_damaged_report_does_not_count_as_delivered(spool_folder: Path) -> None:
    with scripted_api() as api:
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, 1)
        [file] = spool_folder.glob("*.json")
        file.unlink()
        assert delivery.deliver() is None
        assert delivery.finish() is DeliveryStatus.LOST
        take(delivery, 2)
        [file] = spool_folder.glob("*.json")
        file.write_bytes(b"damaged")
        assert delivery.deliver() is None
        assert delivery.finish() is DeliveryStatus.REFUSED
        take(delivery, 3)
        shutil.rmtree(spool_folder)
        assert delivery.deliver() is None
        assert delivery.finish() is DeliveryStatus.LOST
        assert api.requests == []


def test_unreachable_and_silent_apis_are_failures(
    spool_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_client, "ANSWER_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for port, message in (
            (free_port(), "no connection"),
            (silent.getsockname()[1], "no answer"),
        ):
            delivery = a_delivery(f"http://127.0.0.1:{port}", spool_folder)
            take(delivery, 1)
            failure = delivery.deliver()
            assert failure is not None
            assert message in failure.reason
    assert delivery.waiting() == 2
