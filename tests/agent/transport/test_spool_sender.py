from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.state.spool import Spool
from agent.transport.delivery_status import DeliveryStatus
from tests.agent.apis import Reply, scripted_api
from tests.agent.transport.reports import (
    STORED,
    a_delivery,
    number_of,
    take,
)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_refused_reports_are_rejected_and_the_others_sent(
    status: int, spool_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    problem = b'{"title": "Bad", "errors": [{"pointer": "/procesos/0/pid", "detail": "odd"}]}'
    with scripted_api(STORED, Reply(status, {}, problem), STORED) as api:
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, 1, 2, 3)
        assert delivery.deliver() is None
    assert (delivery.status, delivery.waiting()) == (DeliveryStatus.DELIVERED, 0)
    [rejected] = (spool_folder / "rejected").glob("*.json")
    assert number_of(rejected.read_bytes()) == 2
    answer = rejected.with_name(rejected.name + ".answer").read_bytes()
    assert answer.startswith(b"%d " % status)
    assert answer.endswith(b"\n" + problem)
    assert "/procesos/0/pid: odd" in caplog.text


def test_damaged_files_are_rejected_and_the_others_sent(spool_folder: Path) -> None:
    with scripted_api(*[STORED] * 3) as api:
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, *range(6))
        files = sorted(spool_folder.glob("*.json"))
        files[0].write_bytes(b"")
        files[2].write_bytes(files[2].read_bytes()[:100])
        files[4].write_bytes(os.urandom(500))
        assert delivery.deliver() is None
    assert [number_of(body) for _, _, body in api.requests] == [1, 3, 5]
    rejected = sorted(path.name for path in (spool_folder / "rejected").glob("*.json"))
    assert rejected == [files[at].name for at in (0, 2, 4)]
    assert (spool_folder / "rejected" / f"{rejected[0]}.answer").read_text("utf-8") == "it is empty"


def test_refused_report_that_cannot_be_moved_does_not_block_the_others(
    spool_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with scripted_api(Reply(400), STORED, STORED) as api:
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, 1, 2)
        with monkeypatch.context() as patch:
            patch.setattr(Spool, "reject", fail)
            assert delivery.deliver() is None
        assert delivery.waiting() == 0
        take(delivery, 3)
        assert delivery.deliver() is None
    assert [number_of(body) for _, _, body in api.requests] == [1, 2, 3]
