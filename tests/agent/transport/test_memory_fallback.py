"""Reports wait in memory while the spool cannot be written or read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.state import memory_queue, spool
from agent.state.spool import Spool
from agent.transport.delivery_status import DeliveryStatus
from tests.agent.apis import scripted_api
from tests.agent.transport.reports import (
    BUSY,
    NO_VERSION_2,
    STORED,
    a_delivery,
    number_of,
    report,
    take,
)
from tests.support.small_disk import small_disk


def test_reports_in_memory_are_sent_while_the_spool_cannot_be_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", "utf-8")
    with scripted_api(BUSY, STORED, STORED) as api:
        delivery = a_delivery(api.url, blocked / "spool")
        take(delivery, 1, 2)
        assert delivery.deliver() is not None
        assert delivery.waiting() == 2
        assert delivery.deliver() is None
    assert [number_of(body) for _, _, body in api.requests] == [1, 1, 2]
    assert (delivery.status, delivery.waiting()) == (DeliveryStatus.DELIVERED, 0)
    assert caplog.text.count("cannot write the spool") == 1


def test_reports_in_memory_move_to_the_spool_when_it_can_be_written(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1 << 20) as disk, scripted_api(*[STORED] * 4) as api:
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


def test_full_disk_does_not_stop_delivery(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1 << 20) as disk, scripted_api(*[STORED] * 3) as api:
        delivery = a_delivery(api.url, disk.path / "spool")
        take(delivery, 1, 2)
        disk.fill()
        take(delivery, 3)
        assert delivery.deliver() is None
        assert delivery.waiting() == 0
    assert [number_of(body) for _, _, body in api.requests] == [1, 2, 3]


def test_memory_is_limited_and_dropped_reports_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_queue, "MAX_REPORTS", 3)
    (tmp_path / "file").write_text("", "utf-8")
    with scripted_api(*[STORED] * 3) as api:
        delivery = a_delivery(api.url, tmp_path / "file" / "spool")
        take(delivery, *range(10))
        assert delivery.waiting() == 3
        assert delivery.deliver() is None
        take(delivery, 10)
    sent = [json.loads(body) for _, _, body in api.requests]
    counted = [document.get("descartados", 0) for document in sent]
    left = json.loads(delivery._memory.bodies()[0]).get("descartados", 0)
    assert sum(counted) + left == 7


def test_count_of_dropped_reports_is_sent_once_if_the_spool_fails_meanwhile(
    tmp_path: Path,
) -> None:
    """The count stays in the spool, and the report in memory does not repeat it."""
    with small_disk(tmp_path / "disk", 1 << 20) as disk, scripted_api(*[STORED] * 2) as api:
        folder = disk.path / "spool"
        kept = Spool(str(folder))
        kept.remove(kept.put(report(0)), unreported_drops=2)
        delivery = a_delivery(api.url, folder)
        disk.fill()
        take(delivery, 1)
        assert delivery.waiting() == 1
        disk.free()
        take(delivery, 2)
        assert delivery.deliver() is None
    counted = [json.loads(body).get("descartados", 0) for _, _, body in api.requests]
    assert counted == [0, 2]


def test_count_sent_in_vain_from_memory_is_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Version 1 has no count."""
    monkeypatch.setattr(memory_queue, "MAX_REPORTS", 1)
    (tmp_path / "file").write_text("", "utf-8")
    with scripted_api(NO_VERSION_2, STORED) as api:
        delivery = a_delivery(api.url, tmp_path / "file" / "spool")
        take(delivery, 1, 2, 3)
        assert delivery.deliver() is None
        take(delivery, 4)
    assert json.loads(api.requests[0][2])["descartados"] == 1  # report 3 counts report 1
    [waiting] = delivery._memory.bodies()
    assert json.loads(waiting)["descartados"] == 2


def test_reports_in_memory_are_spooled_at_the_end(tmp_path: Path) -> None:
    file = tmp_path / "spool"
    file.write_text("", "utf-8")
    delivery = a_delivery("http://127.0.0.1:9", file)
    take(delivery, 1, 2)
    delivery.save_memory()
    file.unlink()
    delivery.save_memory()
    assert [number_of(path.read_bytes()) for path in sorted(file.glob("*.json"))] == [1, 2]


def test_report_in_memory_is_not_lost_if_the_spool_can_be_written_at_the_end(
    tmp_path: Path,
) -> None:
    file = tmp_path / "spool"
    file.write_text("", "utf-8")
    delivery = a_delivery("http://127.0.0.1:9", file)
    take(delivery, 1)
    file.unlink()
    assert delivery.finish() is DeliveryStatus.WAITING
    assert [number_of(path.read_bytes()) for path in file.glob("*.json")] == [1]


def test_unreadable_spool_is_a_failure_and_reports_in_memory_are_sent(
    spool_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise OSError(5, "Input/output error", "lock")

    with scripted_api(STORED) as api:
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, 1)
        monkeypatch.setattr(spool, "locked", fail)
        take(delivery, 2)
        failure = delivery.deliver()
    assert failure is not None
    assert failure.reason == "cannot read the spool: lock: Input/output error"
    assert [number_of(body) for _, _, body in api.requests] == [2]
