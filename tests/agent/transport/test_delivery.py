"""What becomes of reports, by what the API says; the API of other tests is a real one."""

from __future__ import annotations

import json
import logging
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.state import spool
from agent.state.spool import Spool
from agent.transport import delivery as delivery_module
from agent.transport import http_client as sender
from agent.transport.delivery import Delivery, DeliveryStatus
from agent.transport.delivery_error import Trouble
from agent.transport.http_client import Access, Api
from tests.agent.transport.test_http_client import Said, api_that_says
from tests.support.live import free_port
from tests.support.small_disk import small_disk

NO_VERSION_2 = Said(
    400,
    {"Content-Type": "application/problem+json"},
    json.dumps(
        {"errors": [{"pointer": "/version_esquema", "detail": "expected a version (1)"}]}
    ).encode(),
)
STORED, BUSY = Said(201), Said(503, {"Retry-After": "9"})


def report(number: int) -> Callable[[int], bytes]:
    def write(dropped: int) -> bytes:
        document: dict[str, Any] = {
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
        if dropped:
            document["descartados"] = dropped
        return json.dumps(document).encode()

    return write


def number_of(body: bytes) -> int:
    found: int = json.loads(body)["procesos"][0]["pid"]
    return found


def a_delivery(url: str, folder: Path, version: int = 2, **limits: Any) -> Delivery:
    return Delivery(Api(url, Access()), Spool(str(folder), **limits), version)


def take(delivery: Delivery, *numbers: int) -> None:
    for number in numbers:
        delivery.take(report(number), f"report {number}")


@pytest.mark.parametrize("status", [200, 201, 204])
def test_what_the_api_has_leaves_the_spool(status: int, spool_folder: Path) -> None:
    with api_that_says(*[Said(status)] * 3) as api:
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, 1, 2, 3)
        assert delivery.waiting() == 3
        assert delivery.deliver() is None
    assert [number_of(body) for _, _, body in api.requests] == [1, 2, 3]
    assert (delivery.fate, delivery.waiting()) == (DeliveryStatus.DELIVERED, 0)
    assert list(spool_folder.glob("*.json")) == []


@pytest.mark.parametrize("status", [400, 413, 422])
def test_what_the_api_refuses_is_set_aside_and_the_rest_goes_on(
    status: int, spool_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    problem = b'{"title": "Bad", "errors": [{"pointer": "/procesos/0/pid", "detail": "odd"}]}'
    with api_that_says(STORED, Said(status, {}, problem), STORED) as api:
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, 1, 2, 3)
        assert delivery.deliver() is None
    assert (delivery.fate, delivery.waiting()) == (DeliveryStatus.DELIVERED, 0)
    [aside] = (spool_folder / "rejected").glob("*.json")
    assert number_of(aside.read_bytes()) == 2
    answer = aside.with_name(aside.name + ".answer").read_bytes()
    assert answer.startswith(b"%d " % status)
    assert answer.endswith(b"\n" + problem)
    assert "/procesos/0/pid: odd" in caplog.text


@pytest.mark.parametrize(
    "said",
    [
        *[Said(status) for status in (408, 429, 500, 502, 503, 504)],
        *[Said(status) for status in (401, 403, 404, 405, 301, 302, 307)],
        Said(0),
        Said(200, {"Content-Type": "text/html; charset=utf-8"}, b"<html>please log in"),
    ],
    ids=lambda said: str(said.status),
)
def test_whatever_else_is_said_everything_is_kept_in_its_order(
    said: Said, spool_folder: Path
) -> None:
    with api_that_says(STORED, said, STORED, STORED) as api:
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, 1, 2, 3)
        trouble = delivery.deliver()
        assert trouble is not None
        assert trouble.not_let_in == (said.status in {401, 403})
        assert len(api.requests) == 2
        assert (delivery.fate, delivery.waiting()) == (DeliveryStatus.WAITING, 2)
        assert delivery.deliver() is None
    assert [number_of(body) for _, _, body in api.requests] == [1, 2, 2, 3]
    assert api.requests[1][2] == api.requests[2][2]
    assert not (spool_folder / "rejected").exists()


def test_retry_after_is_handed_on(spool_folder: Path) -> None:
    with api_that_says(BUSY) as api:
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, 1)
        trouble = delivery.deliver()
    assert trouble is not None
    assert trouble.retry_after == "9"


def test_a_delivery_is_bounded(spool_folder: Path) -> None:
    with api_that_says(*[STORED] * 5) as api:
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, *range(5))
        assert delivery.deliver(most=2) is None
        assert delivery.waiting() == 3
        delivery.deliver(most=2)
        delivery.deliver(most=2)
    assert [number_of(body) for _, _, body in api.requests] == [0, 1, 2, 3, 4]


def test_being_kept_out_is_told_once_an_hour(
    spool_folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = a_delivery("http://127.0.0.1:9", spool_folder)
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    for seconds in (0, 10, 3000, 3599, 3601, 3700):
        clock[0] = 1000.0 + seconds
        delivery.tell(Trouble("401", not_let_in=True), "")
    assert len(caplog.records) == 2
    for _ in range(3):
        delivery.tell(Trouble("503"), "; next")
    assert len(caplog.records) == 5


def test_damaged_files_are_set_aside_and_the_rest_drains(spool_folder: Path) -> None:
    with api_that_says(*[STORED] * 3) as api:
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, *range(6))
        files = sorted(spool_folder.glob("*.json"))
        files[0].write_bytes(b"")
        files[2].write_bytes(files[2].read_bytes()[:100])
        files[4].write_bytes(os.urandom(500))
        assert delivery.deliver() is None
    assert [number_of(body) for _, _, body in api.requests] == [1, 3, 5]
    aside = sorted(path.name for path in (spool_folder / "rejected").glob("*.json"))
    assert aside == [files[at].name for at in (0, 2, 4)]
    assert (spool_folder / "rejected" / f"{aside[0]}.answer").read_text("utf-8") == "it is empty"


def test_what_cannot_be_set_aside_does_not_stand_before_the_others(
    spool_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with api_that_says(Said(400), STORED, STORED) as api:
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, 1, 2)
        with monkeypatch.context() as patch:
            patch.setattr(Spool, "set_aside", fail)
            assert delivery.deliver() is None
        assert delivery.waiting() == 0
        take(delivery, 3)
        assert delivery.deliver() is None
    assert [number_of(body) for _, _, body in api.requests] == [1, 2, 3]


def test_while_the_spool_cannot_be_written_reports_wait_in_memory_and_are_sent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", "utf-8")
    with api_that_says(BUSY, STORED, STORED) as api:
        delivery = a_delivery(api.url, blocked / "spool")
        take(delivery, 1, 2)
        assert delivery.deliver() is not None
        assert delivery.waiting() == 2
        assert delivery.deliver() is None
    assert [number_of(body) for _, _, body in api.requests] == [1, 1, 2]
    assert (delivery.fate, delivery.waiting()) == (DeliveryStatus.DELIVERED, 0)
    assert caplog.text.count("the spool cannot be written") == 1


def test_what_waits_in_memory_goes_to_the_spool_as_soon_as_it_can(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1 << 20) as disk, api_that_says(*[STORED] * 4) as api:
        delivery = a_delivery(api.url, disk.path / "spool")
        take(delivery, 1)
        disk.fill()
        take(delivery, 2, 3)
        assert len(list((disk.path / "spool").glob("*-*.json"))) == 1
        disk.free()
        take(delivery, 4)
        assert len(list((disk.path / "spool").glob("*-*.json"))) == 4
        assert delivery.deliver() is None
    assert [number_of(body) for _, _, body in api.requests] == [1, 2, 3, 4]


def test_a_full_disk_stops_no_delivery(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1 << 20) as disk, api_that_says(*[STORED] * 3) as api:
        delivery = a_delivery(api.url, disk.path / "spool")
        take(delivery, 1, 2)
        disk.fill()
        take(delivery, 3)
        assert delivery.deliver() is None
        assert delivery.waiting() == 0
    assert [number_of(body) for _, _, body in api.requests] == [1, 2, 3]


def test_memory_is_bounded_and_what_it_drops_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_module, "_MOST_IN_MEMORY", 3)
    (tmp_path / "file").write_text("", "utf-8")
    with api_that_says(*[STORED] * 3) as api:
        delivery = a_delivery(api.url, tmp_path / "file" / "spool")
        take(delivery, *range(10))
        assert delivery.waiting() == 3
        assert delivery.deliver() is None
        take(delivery, 10)
    sent = [json.loads(body) for _, _, body in api.requests]
    told = [document.get("descartados", 0) for document in sent]
    left = json.loads(delivery._held[0].body).get("descartados", 0)
    assert sum(told) + left == 7


def test_the_end_brings_what_waits_in_memory_to_the_spool_if_it_can(tmp_path: Path) -> None:
    file = tmp_path / "spool"
    file.write_text("", "utf-8")
    delivery = a_delivery("http://127.0.0.1:9", file)
    take(delivery, 1, 2)
    delivery.rescue()
    file.unlink()
    delivery.rescue()
    assert [number_of(path.read_bytes()) for path in sorted(file.glob("*.json"))] == [1, 2]


def test_an_api_without_version_2_is_sent_version_1_of_everything_for_a_day(
    spool_folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    with api_that_says(NO_VERSION_2, STORED, STORED, STORED, STORED, STORED) as api:
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, 1, 2)
        assert delivery.deliver() is None
        clock[0] += 86_000
        take(delivery, 3)
        assert delivery.deliver() is None
        clock[0] += 500
        take(delivery, 4, 5)
        assert delivery.deliver() is None
    sent = [json.loads(body) for _, _, body in api.requests]
    assert [document.get("version_esquema") for document in sent] == [2, *[None] * 3, 2, 2]
    assert sent[1]["procesos"] == [{"username": "u", "pid": 1, "name": "p"}]
    assert sent[1]["usuarios_activos"] == [{"pid": 5, "name": "u"}]
    assert len(sent[1]) == 8
    assert caplog.text.count("does not know version 2") == 1
    assert not (spool_folder / "rejected").exists()


def test_a_retry_of_version_1_is_the_very_same_report(spool_folder: Path) -> None:
    with api_that_says(NO_VERSION_2, BUSY, STORED) as api:
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, 1)
        assert delivery.deliver() is not None
        assert delivery.deliver() is None
    assert api.requests[1][2] == api.requests[2][2]


def test_a_version_1_that_is_refused_is_set_aside(spool_folder: Path) -> None:
    with api_that_says(NO_VERSION_2, Said(400), STORED) as api:
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, 1, 2)
        assert delivery.deliver() is None
    assert len(list((spool_folder / "rejected").glob("*.json"))) == 1
    assert len(api.requests) == 3


def test_version_1_is_sent_when_it_is_asked_for(spool_folder: Path) -> None:
    with api_that_says(STORED) as api:
        delivery = a_delivery(api.url, spool_folder, version=1)
        take(delivery, 1)
        assert delivery.deliver() is None
    assert len(json.loads(api.requests[0][2])) == 8


def test_dropped_reports_are_told_until_an_api_has_been_told(spool_folder: Path) -> None:
    """Version 1 cannot say it, so it is said as soon as version 2 is understood again."""
    with api_that_says(NO_VERSION_2, STORED, STORED) as api:
        delivery = a_delivery(api.url, spool_folder, largest_bytes=500)
        take(delivery, 1, 2, 3)
        assert delivery.deliver() is None
        assert delivery.waiting() == 0
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, 4)
        assert delivery.deliver() is None
    assert json.loads(api.requests[0][2])["descartados"] == 2
    assert "descartados" not in json.loads(api.requests[1][2])
    assert json.loads(api.requests[2][2])["descartados"] == 2
    take(delivery, 5)
    [file] = spool_folder.glob("*-*.json")
    assert b"descartados" not in file.read_bytes()


def test_what_another_agent_is_sending_is_left_to_it(spool_folder: Path) -> None:
    with api_that_says(STORED) as api:
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, 1)
        with Spool(str(spool_folder)).sending(0):
            trouble = delivery.deliver()
        assert trouble is not None
        assert "another agent" in trouble.reason
        assert api.requests == []
        a_delivery(api.url, spool_folder).deliver()
        assert delivery.deliver() is None
        delivery.lose()
    assert len(api.requests) == 1
    assert delivery.fate is DeliveryStatus.DELIVERED


def test_a_spool_that_cannot_be_read_is_trouble_and_what_is_in_memory_is_sent(
    spool_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise OSError(5, "Input/output error", "lock")

    with api_that_says(STORED) as api:
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, 1)
        monkeypatch.setattr(spool, "locked", fail)
        take(delivery, 2)
        trouble = delivery.deliver()
    assert trouble is not None
    assert trouble.reason == "the spool cannot be read: lock: Input/output error"
    assert [number_of(body) for _, _, body in api.requests] == [2]


def test_no_api_and_one_that_hangs_are_trouble(
    spool_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "ANSWER_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for port, told in ((free_port(), "no connection"), (silent.getsockname()[1], "no answer")):
            delivery = a_delivery(f"http://127.0.0.1:{port}", spool_folder)
            take(delivery, 1)
            trouble = delivery.deliver()
            assert trouble is not None
            assert told in trouble.reason
    assert delivery.waiting() == 2
