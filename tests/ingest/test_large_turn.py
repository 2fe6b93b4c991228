"""The turn of large reports: one at a time in all processes, and pauses that all of them know."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from service.errors import SourceBusyError, StorageUnavailableError
from service.ingest.large_turn import LargeTurn
from tests.support.live import PATIENCE
from tests.support.threads import in_thread


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "turn.json"


def test_two_processes_do_not_have_the_turn_at_once(path: Path) -> None:
    first, second = LargeTurn(path), LargeTurn(path)

    def take() -> None:
        with second.taken("b", PATIENCE):
            pass

    with first.taken("a", 1):
        with pytest.raises(SourceBusyError), second.taken("b", 0.05):
            pass
        waits = in_thread(take)
    waits.result(PATIENCE)


def test_two_threads_of_a_process_do_not_have_the_turn_at_once(path: Path) -> None:
    turn = LargeTurn(path)
    with turn.taken("a", 1), pytest.raises(SourceBusyError), turn.taken("b", 0.05):
        pass
    with turn.taken("b", 1):
        pass


def test_a_pause_is_known_to_every_process_and_is_of_one_source(path: Path) -> None:
    LargeTurn(path).charge("a", 30)
    assert 20 < LargeTurn(path).pause_of("a") <= 30
    assert LargeTurn(path).pause_of("b") == 0


def test_a_source_that_paused_meanwhile_does_not_get_the_turn(path: Path) -> None:
    turn = LargeTurn(path)
    turn.charge("a", 30)
    with pytest.raises(SourceBusyError) as refused, turn.taken("a", 1):
        pass
    assert 20 < refused.value.retry_after <= 30
    with turn.taken("b", 1):
        pass


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b'{"a":', b'{"a": 1e9}', b'{"a": -1}'])
def test_a_damaged_file_or_one_from_before_a_restart_pauses_nobody(
    path: Path, content: bytes
) -> None:
    path.write_bytes(content)
    assert LargeTurn(path).pause_of("a") == 0
    LargeTurn(path).charge("a", 10)
    assert 0 < LargeTurn(path).pause_of("a") <= 10


def test_pauses_are_bounded(path: Path) -> None:
    turn = LargeTurn(path)
    turn.charge("a", 1e6)
    assert 590 < turn.pause_of("a") <= 600
    soon = time.monotonic() + 60
    path.write_text(json.dumps({f"source {number}": soon for number in range(5000)}))
    turn.charge("a", 90)
    assert len(json.loads(path.read_bytes())) == 1000
    assert turn.pause_of("a") > 60


def test_a_folder_that_is_gone_means_unavailable_storage(tmp_path: Path) -> None:
    turn = LargeTurn(tmp_path / "gone" / "turn.json")
    with pytest.raises(StorageUnavailableError), turn.taken("a", 1):
        pass
    turn.charge("a", 10)
