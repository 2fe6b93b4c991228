"""Loads the native part of psutil from the .pyz, on real file systems."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

import pytest

from agent.native import folders
from tests.agent.native.place import Place, assert_from_temporary
from tests.agent.one_file import environment, run, run_mounted, shown

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root can mount and become others")
STRANGER = 54321


def test_native_part_is_cached_in_a_private_folder_and_reused(place: Place) -> None:
    path = Path(place.look())
    assert place.cached() == [path]
    before = path.stat()
    assert place.cache.stat().st_mode & 0o777 == 0o700
    assert place.cache.parent.stat().st_mode & 0o777 == 0o700
    assert before.st_mode & 0o777 == 0o600
    assert place.look() == str(path)
    assert path.stat() == before


def test_umask_0_leaves_the_cache_private(place: Place) -> None:
    command = place.command
    subprocess.run(command, env=environment(HOME=str(place.home)), umask=0, check=True)
    [path] = place.cached()
    assert place.cache.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o600


def test_unset_home_uses_the_home_of_the_user_database(place: Place) -> None:
    """The home of root is an empty file system in this mount namespace."""
    mounts = "mount -t tmpfs tmpfs ~root"
    assert place.look(mounts=mounts, HOME="unset").startswith("/root/.cache/compliance-agent/")


def test_user_without_a_home_uses_a_temporary_folder(place: Place) -> None:
    assert_from_temporary(place.look(uid=STRANGER, HOME="unset"))


def test_unwritable_home_uses_a_temporary_folder(place: Place) -> None:
    assert_from_temporary(place.look(uid=STRANGER))
    assert place.cached() == []


def test_missing_home_is_not_created(place: Place) -> None:
    assert_from_temporary(place.look(HOME=str(place.folder / "missing" / "home")))
    assert not (place.folder / "missing").exists()


def test_cache_directory_of_systemd_is_used(place: Place) -> None:
    given = place.folder / "given"
    given.mkdir(mode=0o755)
    path = place.look(CACHE_DIRECTORY=f"{given}:/elsewhere", XDG_CACHE_HOME=str(place.home))
    assert path.startswith(f"{given}/compliance-agent/")
    assert (given / "compliance-agent").stat().st_mode & 0o777 == 0o700


NO_CODE_IN = "mount -t tmpfs -o mode=1777,noexec tmpfs"


def test_cache_is_used_if_the_temporary_folder_is_noexec(place: Place) -> None:
    outside = Path("/var/tmp")  # the home of the test is below /tmp
    with tempfile.TemporaryDirectory(dir=outside) as home:
        place.command[-1] = shutil.copy(place.command[-1], home)
        path = place.look(mounts=f"{NO_CODE_IN} /tmp", HOME=home)
        assert path.startswith(f"{home}/.cache/compliance-agent/")


def test_noexec_home_uses_a_temporary_folder(place: Place) -> None:
    assert_from_temporary(place.look(mounts=f"{NO_CODE_IN} {place.home}"))


def test_psutil_is_unavailable_if_every_folder_is_noexec(place: Place) -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        place.command[-1] = shutil.copy(place.command[-1], folder)
        output = place.look(mounts=f"{NO_CODE_IN} /tmp\nmkdir /tmp/home", HOME="/tmp/home")
    assert output.startswith("unavailable: ")
    assert "failed to map segment" in output


# Remounts every writable file system read-only, in this mount namespace.
READ_ONLY = """
mount --make-rprivate /
for target in $(cut -d' ' -f2 /proc/self/mounts); do
    mount -o remount,bind,ro "$target" 2>/dev/null || true
done
if touch "$HOME/probe" /tmp/probe 2>/dev/null; then echo "still writable" >&2; exit 1; fi
"""


def test_psutil_is_unavailable_on_a_read_only_system(place: Place) -> None:
    assert place.look(mounts=READ_ONLY).startswith("unavailable: ")


def test_existing_cache_is_used_on_a_read_only_system(place: Place) -> None:
    before = place.look()
    assert place.look(mounts=READ_ONLY) == before


def test_eight_concurrent_first_runs_leave_one_complete_file(place: Place) -> None:
    command = place.command
    runs = [
        subprocess.Popen(
            command, env=environment(HOME=str(place.home)), stdout=subprocess.PIPE, text=True
        )
        for _ in range(8)
    ]
    outputs = {process.communicate(timeout=60)[0].strip() for process in runs}
    assert [process.returncode for process in runs] == [0] * 8
    assert outputs == {str(path) for path in place.cached()}
    assert len(outputs) == 1


def test_folder_created_by_a_concurrent_run_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.mkdir

    def beaten(path: str, mode: int) -> None:
        real(path, mode)
        raise FileExistsError(path)

    monkeypatch.setattr(os, "mkdir", beaten)
    folder = folders._private_folder(str(tmp_path), (".cache", "compliance-agent"))
    assert folder == str(tmp_path / ".cache" / "compliance-agent")


@pytest.mark.parametrize("damage", ["cut short", "empty", "random", "longer", "link", "pipe"])
def test_damaged_cache_is_repaired(damage: str, place: Place) -> None:
    path = Path(place.look())
    content = path.read_bytes()
    path.unlink()
    if damage == "link":
        path.symlink_to(place.folder / "elsewhere")
        path.write_bytes(content)
    elif damage == "pipe":
        os.mkfifo(path)
    else:
        path.write_bytes(
            {
                "cut short": content[: len(content) // 2],
                "empty": b"",
                "random": os.urandom(len(content)),
                "longer": content + b"\0",
            }[damage]
        )
    assert place.look() == str(path)
    assert path.read_bytes() == content
    assert path.is_file()
    assert not path.is_symlink()
    assert place.cached() == [path]


def test_folder_in_place_of_the_file_uses_a_temporary_folder(place: Place) -> None:
    path = Path(place.look())
    path.unlink()
    path.mkdir()
    assert_from_temporary(place.look())
    assert place.cached() == [path]  # without a partial file


def test_full_disk_uses_a_temporary_folder_and_leaves_no_partial_file(place: Place) -> None:
    then_list = ["sh", "-c", '"$@" && ls -A "$HOME/.cache/compliance-agent"', "sh"]
    place.command[:0] = then_list
    assert_from_temporary(place.look(mounts=f"mount -t tmpfs -o size=64k tmpfs {place.home}"))


def test_reader_gives_the_same_processes_if_psutil_cannot_be_loaded(
    place: Place, pyz: Path
) -> None:
    """Without a build, and where everything is noexec, /proc is read and the log says why."""
    without = place.folder / "without.pyz"
    with zipfile.ZipFile(pyz) as whole, zipfile.ZipFile(without, "w") as less:
        for entry in whole.infolist():
            if not entry.filename.startswith("native/linux"):
                less.writestr(entry, whole.read(entry))
    python = place.python
    with subprocess.Popen(["/bin/sleep", "60"], user=STRANGER) as stranger:
        try:
            asked = environment(HOME=str(place.home), COMPLIANCE_AGENT_PSUTIL="1")
            through_psutil = run(python, pyz, "--print", env=asked)
            no_build = run(python, without, "--print", env=asked)
            no_code = run_mounted(READ_ONLY, python, pyz, "--print", env={**asked, "HOME": "/"})
            through_reader = run(python, pyz, "--print", env=environment())
        finally:
            stranger.kill()
    assert "without psutil" not in through_psutil.stderr
    assert "without psutil: psutil has no build" in no_build.stderr
    assert "without psutil: no cache: " in no_code.stderr
    assert "without psutil" not in through_reader.stderr
    reports = [shown(done) for done in (through_psutil, no_build, no_code, through_reader)]
    for report in reports:
        assert report[stranger.pid] == ("sleep", str(STRANGER))
    lasting = {
        pid
        for pid in set.intersection(*map(set, reports))
        if not reports[0][pid][0].startswith("kworker")
    }
    assert len(lasting) > 1
    for report in reports[1:]:
        assert {pid: report[pid] for pid in lasting} == {pid: reports[0][pid] for pid in lasting}


def test_pyz_runs_in_isolated_mode(place: Place, pyz: Path) -> None:
    done = run(place.python, "-I", pyz, "--print", env={"HOME": str(place.home)})
    assert os.getpid() in shown(done)


def test_run_mounted_leaves_no_mounts(place: Place) -> None:
    before = Path("/proc/self/mounts").read_text("utf-8")
    run_mounted(f"{NO_CODE_IN} {place.home}", "true")
    assert Path("/proc/self/mounts").read_text("utf-8") == before
