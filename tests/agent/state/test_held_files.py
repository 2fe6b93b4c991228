"""Files that a scanner holds for a moment, on a simulated Windows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.state import held_files
from agent.state.file_lock import locked
from agent.state.spool import Spool
from agent.state.token_file import TokenFile
from agent.transport.delivery_status import DeliveryStatus
from tests.agent.apis import Reply, scripted_api
from tests.agent.enrolled import issued
from tests.agent.state.reports import numbers, report
from tests.agent.transport.reports import BUSY, STORED, a_delivery, number_of, take
from tests.agent.windows import windows


def test_report_is_kept_while_a_scanner_holds_its_file_and_the_api_is_away(
    spool_folder: Path,
) -> None:
    with scripted_api(BUSY) as api, windows() as system:
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, 1)
        assert delivery.deliver() is not None
        assert delivery.finish() is DeliveryStatus.WAITING
        assert system.refusals > 0
    assert len(list(spool_folder.glob("*.json"))) == 1


def test_delivered_and_rejected_reports_leave_the_spool_though_they_are_held(
    spool_folder: Path,
) -> None:
    with scripted_api(STORED, Reply(400), STORED) as api, windows() as system:
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, 1, 2, 3)
        assert delivery.deliver() is None
        assert (delivery.waiting(), delivery.status) == (0, DeliveryStatus.DELIVERED)
        assert system.refusals > 0
        assert system.locks == []
    assert [number_of(body) for _, _, body in api.requests] == [1, 2, 3]
    assert list(spool_folder.glob("*.json")) == []
    assert len(list((spool_folder / "rejected").glob("*.json"))) == 1


def test_dropped_reports_are_counted_though_they_are_held(folder: Path) -> None:
    with windows():
        kept = Spool(str(folder), max_bytes=2500)
        for number in range(4):
            kept.put(report(number, 900))
        assert numbers(kept) == [2, 3]
        counted = [json.loads(kept.read(name)).get("descartados", 0) for name in kept.names()]
        assert sum(counted) == 2


def test_held_partial_files_block_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_files, "PATIENCE_SECONDS", 600.0)
    kept = Spool(str(folder))
    kept.put(report(0))
    left = [folder / f"{name}.partial" for name in ("a", "clock", "dropped.json", "a.12345678")]
    for file in left:
        file.touch()
    with windows() as system:
        system.held.update(map(str, left))
        kept.put(report(1))
        kept.remove(kept.names()[0])
        assert numbers(kept) == [1]
        system.held.clear()
        system.held_seconds = 0.0
        kept.put(report(2))
    assert not list(folder.glob("*.partial"))


def test_report_held_for_longer_is_kept_in_memory(
    spool_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_files, "PATIENCE_SECONDS", 0.05)
    with scripted_api(STORED, STORED) as api, windows() as system:
        delivery = a_delivery(api.url, spool_folder)
        system.held_seconds = 60.0
        take(delivery, 1)
        assert delivery.waiting() == 1
        system.held_seconds = 0.0
        take(delivery, 2)
        assert delivery.deliver() is None
    assert [number_of(body) for _, _, body in api.requests] == [1, 2]


def test_report_that_cannot_be_opened_for_now_is_not_damaged(
    spool_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_files, "PATIENCE_SECONDS", 0.05)
    with scripted_api(STORED, STORED) as api, windows() as system:
        system.held_seconds = 0.0
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, 1, 2)
        [first, _] = sorted(spool_folder.glob("*.json"))
        system.held.add(str(first))
        delivery.deliver()
        assert delivery.waiting() == 1
        system.held.clear()
        assert delivery.deliver() is None
    assert [number_of(body) for _, _, body in api.requests] == [2, 1]
    assert not (spool_folder / "rejected").exists()


def test_token_is_written_and_replaced_though_it_is_held(tmp_path: Path) -> None:
    file = TokenFile(str(tmp_path))
    with windows() as system:
        for token in (issued("first"), issued("second")):
            with file.exclusive_write() as write:
                write(token)
            assert file.read() == token
        assert system.refusals > 0


def test_lock_is_released_before_its_file_is_closed(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    with windows() as system:
        with locked(path, 0):
            assert len(system.locks) == 1
            with pytest.raises(BlockingIOError), locked(path, 0.05):
                pass
        assert system.locks == []
        with locked(path, 0):
            pass


@pytest.mark.parametrize("number", [5, 32, 33])
def test_renames_and_deletes_are_repeated_for_held_files_only(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "file")
    Path(path).touch()
    errors = [number, number, 2]

    def refuse(_path: str) -> None:
        error = OSError("refused")
        error.winerror = errors.pop(0)  # type: ignore[attr-defined, unused-ignore]
        raise error

    monkeypatch.setattr("os.unlink", refuse)
    with pytest.raises(OSError, match="refused"):
        held_files.unlink(path)
    assert errors == []
