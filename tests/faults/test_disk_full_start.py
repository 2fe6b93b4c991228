"""Start on a full disk: it works, or ends with one clear line."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.faults.full_disk import assert_reads_answer, large
from tests.support.durability import assert_sound, stored
from tests.support.live import PROJECT, LiveService
from tests.support.small_disk import PAGE, SmallDisk

pytestmark = pytest.mark.torture


def started_on(disk: SmallDisk) -> subprocess.CompletedProcess[str]:
    environ = {name: v for name, v in os.environ.items() if not name.startswith("COMPLIANCE_")}
    return subprocess.run(
        [sys.executable, "-m", "gunicorn"],
        cwd=PROJECT,
        env=environ | {"COMPLIANCE_DATA": str(disk.path), "COMPLIANCE_BIND": "127.0.0.1:1"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def faults_in(log: str) -> list[str]:
    return [line for line in log.splitlines() if "[INFO]" not in line]


@pytest.mark.parametrize(
    "pages", [*(pytest.param(n, marks=pytest.mark.torture) for n in (0, 2, 5)), 12]
)
def test_a_disk_too_full_for_a_new_database_ends_the_start_with_one_clear_line(
    disk: SmallDisk, pages: int
) -> None:
    disk.fill(pages * PAGE)
    ended = started_on(disk)
    assert ended.returncode != 0
    (line,) = faults_in(ended.stderr)
    assert str(disk.path) in line
    assert any(words in line for words in ("No space left", "is full", "KiB free")), line
    disk.free()
    live = LiveService(disk.path)
    try:
        assert live.start().post(large(0)).status == 201, "the failed start leaves no obstacle"
    finally:
        live.stop()


@pytest.mark.parametrize("pages", [0, 9])
def test_after_a_kill_the_service_starts_and_reads_on_a_full_disk(
    disk: SmallDisk, live: LiveService, pages: int
) -> None:
    for number in range(3):
        assert live.post(large(number)).status == 201
    live.kill()
    disk.fill(pages * PAGE)
    live.start()
    assert_reads_answer(live, 1)
    assert stored(live).keys() >= {"0", "1", "2"}
    disk.free()
    assert live.post(large(3)).status == 201
    assert_sound(live)


def test_after_a_stop_the_start_on_a_full_disk_ends_with_one_clear_line(
    disk: SmallDisk, live: LiveService
) -> None:
    assert live.post(large(0)).status == 201
    live.stop()
    live.rows("PRAGMA wal_checkpoint(TRUNCATE)")  # the last connection removes the WAL
    disk.fill()
    ended = started_on(disk)
    assert ended.returncode != 0
    (line,) = faults_in(ended.stderr)
    assert str(disk.path) in line
    assert "KiB free" in line
    disk.free()
    live.start()
    assert live.post(large(0)).status == 200
