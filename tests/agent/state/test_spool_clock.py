"""Reports are ordered and aged by the running time of the machine, not by the time of day."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest

from agent.state import spool_clock
from agent.state.report_names import number_of
from agent.state.spool import Spool
from tests.agent.apis import Reply, scripted_api
from tests.agent.command import FOLDER
from tests.agent.state.reports import numbers, report

DAY = 24 * 3600


class Kernel:
    """The uptime and the boot of a machine, moved by the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.uptime = 100.0
        self.boot = "first"
        monkeypatch.setattr(spool_clock, "boot_id", lambda: self.boot)
        monkeypatch.setattr(spool_clock, "uptime_microseconds", lambda: int(self.uptime * 1e6))

    def boots(self, boot: str) -> None:
        self.boot, self.uptime = boot, 10.0


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    return Kernel(monkeypatch)


@pytest.fixture
def kept(folder: Path) -> Spool:
    return Spool(str(folder), max_age_seconds=7 * DAY)


def test_reports_age_while_the_machine_runs(kernel: Kernel, kept: Spool) -> None:
    kept.put(report(0))
    kernel.uptime += 4 * DAY
    kept.put(report(1))
    kernel.uptime += 2.9 * DAY
    assert kept.drop_old() == 0
    kernel.uptime += 0.2 * DAY
    assert kept.drop_old() == 1
    assert numbers(kept) == [1]


def test_time_of_day_ages_nothing(
    kernel: Kernel, kept: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    del kernel
    kept.put(report(0))
    for days in (37, 3700, -3700, -30_000):
        with monkeypatch.context() as patch:
            at = time.time() + days * DAY
            patch.setattr(time, "time", lambda at=at: at)
            patch.setattr(time, "time_ns", lambda at=at: int(at * 1e9))
            kept.put(report(days))
            assert kept.drop_old() == 0
    assert numbers(kept) == [0, 37, 3700, -3700, -30_000]


def test_reports_age_over_several_boots_by_the_time_that_each_runs(
    kernel: Kernel, kept: Spool
) -> None:
    kept.put(report(0))
    for boot in range(3):
        kernel.boots(f"boot {boot}")
        kernel.uptime += 2 * DAY
        kept.put(report(boot + 1))
    assert kept.drop_old() == 0
    kernel.boots("last")
    kernel.uptime += 1.1 * DAY
    assert kept.drop_old() == 1


def test_restored_snapshot_does_not_age_reports(kernel: Kernel, kept: Spool) -> None:
    kernel.uptime = 30 * DAY
    kept.put(report(0))
    kernel.uptime = 20 * DAY
    kept.put(report(1))
    assert kept.drop_old() == 0
    assert numbers(kept) == [0, 1]


def test_shorter_uptime_is_a_boot_where_boots_have_no_id(kernel: Kernel, kept: Spool) -> None:
    kernel.boot = ""
    kept.put(report(0))
    kernel.uptime = 50.0
    kept.put(report(1))
    [first, second] = [number_of(name) for name in kept.names()]
    assert first is not None
    assert second is not None
    assert second - first == pytest.approx(50e6, abs=10)


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"[]",
        b"\xff",
        b"{}",
        b'{"number": -5, "boot": "first", "uptime": 1}',
        b'{"number": 1e999, "boot": "first", "uptime": 1}',
        b'{"number": 10000000000000000000000, "boot": "first", "uptime": 1}',
        b'{"number": true, "boot": "first", "uptime": 1}',
        b'{"number": 1, "boot": 5, "uptime": 1}',
        b"[" * 4000,
        None,
    ],
)
def test_damaged_clock_continues_from_the_newest_report(
    damage: bytes | None, kernel: Kernel, kept: Spool, folder: Path
) -> None:
    for number in range(3):
        kernel.uptime += 1
        kept.put(report(number))
    if damage is None:
        (folder / "clock").unlink()
    else:
        (folder / "clock").write_bytes(damage)
    assert kept.drop_old() == 0
    kept.put(report(3))
    kernel.uptime += 6 * DAY
    kept.put(report(4))
    assert kept.drop_old() == 0
    assert numbers(kept) == [0, 1, 2, 3, 4]
    kernel.uptime += 1.1 * DAY
    assert kept.drop_old() == 4


def written_by_0_1_0(folder: Path, microseconds: int, number: int) -> None:
    body = json.dumps(report(number)).encode()
    name = f"{microseconds:020d}-5f1d03a2-{zlib.crc32(body):08x}.json"
    (folder / name).write_bytes(body)


def test_spool_of_0_1_0_is_drained_first_and_in_its_order(
    kernel: Kernel, kept: Spool, folder: Path
) -> None:
    """Its names are times of day, here one of 37 days ahead and one of 1970."""
    folder.mkdir(parents=True, mode=0o700)
    now = time.time_ns() // 1000
    written_by_0_1_0(folder, now + 37 * DAY * 10**6, 3)
    written_by_0_1_0(folder, 5, 0)
    written_by_0_1_0(folder, now, 2)
    written_by_0_1_0(folder, now - 60 * DAY * 10**6, 1)
    kept.put(report(4))
    assert kept.drop_old() == 0
    assert numbers(kept) == [0, 1, 2, 3, 4]
    kernel.uptime += 7.1 * DAY  # their age begins with the upgrade
    kept.put(report(5))
    assert kept.drop_old() == 5
    assert numbers(kept) == [5]
    assert json.loads(kept.read(kept.put(report(6))))["descartados"] == 5


@pytest.mark.skipif(shutil.which("faketime") is None, reason="needs faketime")
def test_single_run_37_days_ahead_drops_nothing(spool_folder: Path) -> None:
    busy = Reply(503, {"Retry-After": "3600"})

    def run(url: str, *ahead: str) -> subprocess.CompletedProcess[str]:
        command = [*ahead, sys.executable, "-m", "agent", "--api", url]
        return subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)

    with scripted_api(busy, busy, busy, *[Reply(201)] * 4) as api:
        for ahead in ((), ("faketime", "-f", "+37d"), ()):
            done = run(api.url, *ahead)
            assert done.returncode == 1
        assert "reports waiting: 3" in done.stderr
        assert run(api.url, "faketime", "-f", "+37d").returncode == 0
    sent = [json.loads(body) for _, _, body in api.requests[3:]]
    assert len({document["fecha_hora"] for document in sent}) == 4
    assert [document["fecha_hora"] for document in sent[:3:2]] == sorted(
        document["fecha_hora"] for document in sent[:3:2]
    )
    assert not any("descartados" in document for document in sent)
    assert list(spool_folder.glob("*.json")) == []
