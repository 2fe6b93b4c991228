from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.state import dead_letters as rejected
from agent.state import spool
from agent.state.file_lock import locked
from agent.state.spool import Damaged, Spool
from tests.support.small_disk import PAGE, small_disk


def report(number: int, size: int = 0) -> Callable[[int], bytes]:
    def write(dropped: int) -> bytes:
        told = {"descartados": dropped} if dropped else {}
        return json.dumps({"number": number, "fill": "x" * size, **told}).encode()

    return write


def numbers(kept: Spool) -> list[int]:
    return [json.loads(kept.read(name))["number"] for name in kept.names()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "a" / "spool"


def test_reports_are_kept_in_the_order_in_which_they_were_taken(folder: Path) -> None:
    kept = Spool(str(folder))
    assert kept.names() == []
    for number in range(20):
        kept.put(report(number))
    assert numbers(Spool(str(folder))) == list(range(20))


def test_what_is_kept_is_what_was_written(folder: Path) -> None:
    body = b'{"name":"\xc3\xb1and\xc3\xba"}'
    kept = Spool(str(folder))
    assert kept.read(kept.put(lambda _dropped: body)) == body
    assert kept.read(kept.put_as_it_is(body)) == body


def test_the_folder_and_its_files_are_for_their_user_only(folder: Path) -> None:
    folder.mkdir(parents=True, mode=0o777)
    folder.chmod(0o777)
    name = Spool(str(folder)).put(report(1))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_not_used(folder: Path) -> None:
    folder.mkdir(parents=True)
    os.chown(folder, 54321, 54321)
    with pytest.raises(PermissionError, match="belongs to another user"):
        Spool(str(folder)).put(report(1))
    assert list(folder.iterdir()) == []


def test_a_report_is_synced_before_it_has_its_name_and_so_is_the_folder(
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
    assert steps == ["file", "rename", "folder"]


def test_beyond_the_size_the_oldest_goes_and_the_next_report_tells_how_many(folder: Path) -> None:
    kept = Spool(str(folder), largest_bytes=5000)
    for number in range(10):
        kept.put(report(number, 900))
        assert sum((folder / name).stat().st_size for name in kept.names()) <= 5000
    assert numbers(kept) == [5, 6, 7, 8, 9]
    told = [json.loads(kept.read(name)).get("descartados", 0) for name in kept.names()]
    # Each drop is told once: by the report whose arrival caused it, or with the one that goes.
    assert sum(told) == 5


def test_a_dropped_report_that_told_of_others_passes_its_count_on(folder: Path) -> None:
    kept = Spool(str(folder), largest_bytes=1500)
    for number in range(50):
        kept.put(report(number, 900))
    [name] = kept.names()
    assert json.loads(kept.read(name)) == {
        "number": 49,
        "fill": "x" * 900,
        "descartados": 49,
    }


def test_a_count_that_was_delivered_is_not_told_again(folder: Path) -> None:
    kept = Spool(str(folder), largest_bytes=1500)
    kept.put(report(0, 900))
    name = kept.put(report(1, 900))
    assert json.loads(kept.read(name))["descartados"] == 1
    kept.remove(name)
    assert b"descartados" not in kept.read(kept.put(report(2)))


def test_a_count_that_was_told_in_vain_is_told_again(folder: Path) -> None:
    kept = Spool(str(folder))
    kept.remove(kept.put(report(0)), untold=3)
    name = kept.put(report(1))
    assert json.loads(kept.read(name))["descartados"] == 3
    kept.set_aside(name, b"400", untold=3)
    assert json.loads(kept.read(kept.put(report(2))))["descartados"] == 3
    assert b"descartados" not in kept.read(kept.put(report(3)))


def test_reports_that_are_too_old_are_dropped_and_counted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Spool(str(folder), longest_seconds=100)
    real = time.time_ns
    for age in (300, 101, 99, 0):
        with monkeypatch.context() as patch:
            patch.setattr(time, "time_ns", lambda age=age: real() - age * 10**9)
            kept.put(report(age))
    assert kept.drop_old() == 2
    assert numbers(kept) == [99, 0]
    assert kept.drop_old() == 0
    assert json.loads(kept.read(kept.put(report(1))))["descartados"] == 2


def test_a_report_larger_than_the_spool_drops_no_other(folder: Path) -> None:
    kept = Spool(str(folder), largest_bytes=2000)
    kept.put(report(0))
    with pytest.raises(OSError, match="larger than the spool"):
        kept.put(report(1, 3000))
    assert numbers(kept) == [0]


@pytest.mark.parametrize("killed_at", range(7))
def test_a_drop_is_told_exactly_once_wherever_the_agent_is_killed(
    folder: Path, killed_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed at each rename and each unlink of a put that drops a report and tells of it."""
    kept = Spool(str(folder), largest_bytes=2500)
    for number in (0, 1):
        kept.put(report(number, 900))
    steps = [0]

    def dying(real: Callable[..., None]) -> Callable[..., None]:
        def step(*arguments: object) -> None:
            if steps[0] == killed_at:
                raise KeyboardInterrupt
            steps[0] += 1
            real(*arguments)

        return step

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", dying(os.replace))
        patch.setattr(os, "unlink", dying(os.unlink))
        killed = False
        try:
            kept.put(report(2, 900))
        except KeyboardInterrupt:
            killed = True
    assert killed == (killed_at < 6)
    after = Spool(str(folder), largest_bytes=10_000)
    after.put(report(3))
    found = [json.loads(after.read(name)) for name in after.names()]
    dropped = 1 if found[0]["number"] == 1 else 0
    assert sum(document.get("descartados", 0) for document in found) == dropped
    assert not list(folder.glob("*.partial"))


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda _body: b"", "it is empty"),
        (lambda body: body[: len(body) // 2], "not those that were written"),
        (lambda body: os.urandom(len(body)), "not those that were written"),
        (lambda body: body.replace(b"number", b"nunber"), "not those that were written"),
        (lambda body: body + b" ", "not those that were written"),
    ],
)
def test_a_damaged_file_is_told_from_a_report(
    folder: Path, damage: Callable[[bytes], bytes], told: str
) -> None:
    kept = Spool(str(folder))
    name = kept.put(report(1))
    (folder / name).write_bytes(damage((folder / name).read_bytes()))
    with pytest.raises(Damaged, match=told):
        kept.read(name)


def test_what_is_no_report_is_told_from_one(folder: Path, tmp_path: Path) -> None:
    kept = Spool(str(folder))
    name = kept.put(report(1))
    (folder / "notes.json").write_text("{}", "utf-8")
    (folder / "readme.txt").write_text("", "utf-8")
    (folder / "folder.json").mkdir()
    os.mkfifo(folder / "pipe.json")
    (folder / "link.json").symlink_to(tmp_path / "elsewhere")
    assert set(kept.names()) == {name, "notes.json", "folder.json", "pipe.json", "link.json"}
    for stranger in set(kept.names()) - {name}:
        with pytest.raises(Damaged):
            kept.read(stranger)
        kept.set_aside(stranger, b"no report")
    assert kept.names() == [name]
    assert (folder / "rejected" / "folder.json").is_dir()


def test_what_is_set_aside_has_the_reasons_beside_it(folder: Path) -> None:
    kept = Spool(str(folder))
    name = kept.put(report(7))
    body = kept.read(name)
    kept.set_aside(name, b"400 Bad Request\nno")
    assert kept.names() == []
    assert (folder / "rejected" / name).read_bytes() == body
    assert (folder / "rejected" / f"{name}.answer").read_bytes() == b"400 Bad Request\nno"


def test_what_is_set_aside_cannot_fill_the_disk(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Spool(str(folder))
    monkeypatch.setattr(rejected, "MOST_REPORTS", 5)
    names = [kept.put(report(number)) for number in range(12)]
    for name in names:
        kept.set_aside(name, b"no")
    aside = {path.name for path in (folder / "rejected").iterdir()}
    assert aside == {end for name in names[-5:] for end in (name, name + ".answer")}
    monkeypatch.setattr(rejected, "MOST_BYTES", 5000)
    large = [kept.put(report(number, 2000)) for number in range(4)]
    for name in large:
        kept.set_aside(name, b"no")
    aside = {path.name for path in (folder / "rejected").iterdir()}
    assert aside == {end for name in large[-2:] for end in (name, name + ".answer")}


def test_a_full_disk_leaves_whole_reports_and_no_others(tmp_path: Path) -> None:
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


def test_several_agents_put_and_none_disturbs_the_other(folder: Path) -> None:
    code = (
        "import sys; from agent.state.spool import Spool\n"
        "for n in range(25): Spool(sys.argv[1]).put(lambda _: b'%d-%d' % (int(sys.argv[2]), n))"
    )
    command = [sys.executable, "-c", code, str(folder)]
    agents = [subprocess.Popen([*command, str(number)]) for number in range(4)]
    assert [agent.wait() for agent in agents] == [0] * 4
    kept = Spool(str(folder))
    found = [kept.read(name) for name in kept.names()]
    assert sorted(found) == sorted(b"%d-%d" % (i, n) for i in range(4) for n in range(25))


def test_only_one_sends_at_a_time_and_its_death_lets_the_next_one(folder: Path) -> None:
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
        kept.put(report(1))  # which does not wait for that
        other.kill()
        other.wait()
    with kept.sending(0):
        pass


def test_a_lock_that_is_held_too_long_is_an_error(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    before = time.monotonic()
    with locked(path, 0), pytest.raises(BlockingIOError), locked(path, 0.1):
        pass
    assert 0.1 <= time.monotonic() - before < 2


def test_a_damaged_count_begins_again(folder: Path) -> None:
    kept = Spool(str(folder))
    kept.put(report(0))
    for content in (b"", b"[]", b'{"reports": "x"}', b"\xff"):
        (folder / "dropped.json").write_bytes(content)
        assert b"descartados" not in kept.read(kept.put(report(1)))


def test_names_say_what_is_in_the_file(folder: Path) -> None:
    kept = Spool(str(folder))
    name = kept.put(report(1))
    body = kept.read(name)
    assert name.endswith(f"-{zlib.crc32(body):08x}.json")
    assert abs(int(name[:20]) / 1e6 - time.time()) < 5
    assert spool._taken_at(name) == int(name[:20]) / 1e6
