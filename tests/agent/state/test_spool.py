from __future__ import annotations

import os
import stat
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest

from agent.state.report_names import number_of
from agent.state.spool import Spool
from tests.agent.state.reports import numbers, report
from tests.support.small_disk import PAGE, small_disk


def test_names_are_in_the_order_of_the_reports(folder: Path) -> None:
    kept = Spool(str(folder))
    assert kept.names() == []
    for number in range(20):
        kept.put(report(number))
    assert numbers(Spool(str(folder))) == list(range(20))


def test_report_is_read_as_it_was_written(folder: Path) -> None:
    document: Any = {"name": "ñandú"}
    body = '{"name":"ñandú"}'.encode()
    kept = Spool(str(folder))
    assert kept.read(kept.put(document)) == body
    assert kept.read(kept.put_encoded(body)) == body


def test_folder_and_files_are_private(folder: Path) -> None:
    folder.mkdir(parents=True, mode=0o777)
    folder.chmod(0o777)
    name = Spool(str(folder)).put(report(1))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600


@pytest.mark.skipif(os.getuid() != 0, reason="only root can change owners")
def test_folder_of_another_user_is_refused(folder: Path) -> None:
    folder.mkdir(parents=True)
    os.chown(folder, 54321, 54321)
    with pytest.raises(PermissionError, match="belongs to another user"):
        Spool(str(folder)).put(report(1))
    assert list(folder.iterdir()) == []


def test_file_is_synced_before_the_rename_and_the_folder_after_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    real_fsync, real_replace = os.fsync, os.replace

    def fsync(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        steps.append("folder" if path == folder else "file")
        real_fsync(descriptor)

    def replace(source: str, target: str) -> None:
        steps.append("rename")
        real_replace(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    Spool(str(folder)).put(report(1))
    assert steps == ["file", "rename", "folder"] * 2  # the clock, then the report


def test_report_larger_than_the_spool_drops_no_other(folder: Path) -> None:
    kept = Spool(str(folder), max_bytes=2000)
    kept.put(report(0))
    with pytest.raises(OSError, match="larger than the spool"):
        kept.put(report(1, 3000))
    assert numbers(kept) == [0]


def test_full_disk_leaves_only_complete_reports(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        folder = disk.path / "spool"
        kept = Spool(str(folder))
        stored = 0
        while disk.left > 60_000:
            kept.put(report(stored, 50_000))
            stored += 1
        disk.fill(leave=PAGE)
        with pytest.raises(OSError, match="No space left"):
            kept.put(report(stored, 50_000))
        assert stored > 5
        assert numbers(kept) == list(range(stored))
        assert not list(folder.glob("*.partial"))
        for name in kept.names()[:3]:
            kept.remove(name)
        kept.put(report(stored, 50_000))
        assert numbers(kept) == list(range(3, stored + 1))


def test_several_agents_can_put_at_the_same_time(folder: Path) -> None:
    code = (
        "import sys; from agent.state.spool import Spool\n"
        "for n in range(25): Spool(sys.argv[1]).put({'agent': int(sys.argv[2]), 'n': n})"
    )
    command = [sys.executable, "-c", code, str(folder)]
    agents = [subprocess.Popen([*command, str(number)]) for number in range(4)]
    assert [agent.wait() for agent in agents] == [0] * 4
    kept = Spool(str(folder))
    found = [kept.read(name) for name in kept.names()]
    expected = (b'{"agent":%d,"n":%d}' % (i, n) for i in range(4) for n in range(25))
    assert sorted(found) == sorted(expected)


def test_only_one_agent_sends_and_its_death_releases_the_lock(folder: Path) -> None:
    code = (
        "import sys, time; from agent.state.spool import Spool\n"
        "with Spool(sys.argv[1]).sending(0): print(flush=True); time.sleep(60)"
    )
    kept = Spool(str(folder))
    command = [sys.executable, "-c", code, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(BlockingIOError), kept.sending(0.05):
            pass
        kept.put(report(1))  # does not need that lock
        other.kill()
        other.wait()
    with kept.sending(0):
        pass


def test_names_contain_the_checksum_and_numbers_that_grow(folder: Path) -> None:
    kept = Spool(str(folder))
    names = [kept.put(report(number)) for number in range(5)]
    for name in names:
        assert name.endswith(f"-{zlib.crc32(kept.read(name)):08x}.json")
    found = [number_of(name) or 0 for name in names]
    assert found == sorted(set(found))
    for name in names:
        kept.remove(name)
    assert (number_of(kept.put(report(5))) or 0) > found[-1]
