from __future__ import annotations

import os
import time
from pathlib import Path

import psutil
import pytest

from agent.collectors import boot
from agent.collectors.boot import Boot, parse_btime
from agent.machine import Machine
from tests.agent.trees import write_file

TICKS = os.sysconf("SC_CLK_TCK")


@pytest.fixture(autouse=True)
def nothing_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boot, "_remembered", {})


def machine(
    folder: Path, btime: int, boot_id: str = "328eedb2-d784-4f05-8fc3-81e6c62250d4"
) -> Machine:
    write_file(
        folder, "/stat", f"cpu  1 2\nintr {'0 ' * 5000}\nctxt 5\nbtime {btime}\nprocesses 9\n"
    )
    write_file(folder, "/sys/kernel/random/boot_id", boot_id + "\n")
    return Machine(procfs=str(folder))


@pytest.mark.parametrize(
    ("stat", "btime"),
    [
        ("cpu 1\nbtime 1795403120\n", 1795403120),
        ("btime x\n", None),
        ("", None),
        ("xbtime 5", None),
    ],
)
def test_btime_is_parsed(stat: str, btime: int | None) -> None:
    assert parse_btime(stat) == btime


def test_moments_are_whole_seconds_after_the_boot(tmp_path: Path) -> None:
    started = Boot(machine(tmp_path, 1000), None)
    assert [started.moment(ticks) for ticks in (0, TICKS - 1, TICKS, 10 * TICKS)] == [
        *(1000, 1000, 1001, 1010)
    ]


def test_boot_time_equals_that_of_psutil() -> None:
    assert abs((Boot(Machine(), None).moment(0) or 0) - psutil.boot_time()) <= 1


def test_tree_without_stat_has_no_moments(tmp_path: Path) -> None:
    assert Boot(Machine(procfs=str(tmp_path)), None).moment(5) is None


@pytest.mark.parametrize("wobble", [1, -1, 2, 59, -60])
def test_small_clock_step_does_not_move_the_boot_time(
    wobble: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = str(tmp_path / "boot")
    assert Boot(machine(tmp_path, 5000), note).moment(0) == 5000
    assert Boot(machine(tmp_path, 5000 + wobble), note).moment(0) == 5000
    monkeypatch.setattr(boot, "_remembered", {})  # another run
    assert Boot(machine(tmp_path, 5000 + wobble), note).moment(0) == 5000
    monkeypatch.setattr(boot, "_remembered", {})
    assert Boot(machine(tmp_path, 5000 + wobble), None).moment(0) == 5000 + wobble


def test_large_clock_step_moves_the_boot_time_once(tmp_path: Path) -> None:
    note = str(tmp_path / "boot")
    assert Boot(machine(tmp_path, 20), note).moment(0) == 20  # 1970, before the clock was set
    now = int(time.time())
    assert Boot(machine(tmp_path, now), note).moment(0) == now
    assert Boot(machine(tmp_path, now + 1), note).moment(0) == now


def test_noted_time_later_than_the_present_one_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step of the clock is limited in both directions, between runs as well."""
    note = str(tmp_path / "boot")
    assert Boot(machine(tmp_path, 5000), note).moment(0) == 5000
    for btime, expected in ((4940, 5000), (4939, 4939), (4999, 4939), (5000, 5000)):
        monkeypatch.setattr(boot, "_remembered", {})  # another run
        assert Boot(machine(tmp_path, btime), note).moment(0) == expected


def test_another_boot_has_its_own_time(tmp_path: Path) -> None:
    note = str(tmp_path / "boot")
    assert Boot(machine(tmp_path, 5000), note).moment(0) == 5000
    assert Boot(machine(tmp_path, 5002, "other"), note).moment(0) == 5002


@pytest.mark.parametrize("content", [b"", b"\xff\xff", b"one", b"328eedb2 x", b"a b c"])
def test_damaged_note_is_replaced(content: bytes, tmp_path: Path) -> None:
    note = tmp_path / "boot"
    note.write_bytes(content)
    assert Boot(machine(tmp_path, 5000), str(note)).moment(0) == 5000
    assert note.read_bytes() == b"328eedb2-d784-4f05-8fc3-81e6c62250d4 5000\n"


def test_unwritable_note_is_ignored(tmp_path: Path) -> None:
    note = str(tmp_path / "missing" / "boot")
    assert Boot(machine(tmp_path, 5000), note).moment(0) == 5000
