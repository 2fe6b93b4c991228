from __future__ import annotations

from pathlib import Path

import pytest

from agent.machine import Machine, machine_at, read_bytes, read_text, resolve_inside
from tests.agent.trees import write_file, write_process


def test_machine_without_folders_is_this_one() -> None:
    assert machine_at(None, None) == Machine(None, None)
    assert Machine().proc("cpuinfo") == "/proc/cpuinfo"
    assert Machine().root("/etc/passwd") == "/etc/passwd"


def test_root_uses_its_own_proc(tmp_path: Path) -> None:
    write_process(tmp_path / "proc", 1, "init")
    assert machine_at(None, str(tmp_path)).procfs == str(tmp_path / "proc")


def test_root_without_processes_uses_the_proc_of_this_kernel(tmp_path: Path) -> None:
    assert machine_at(None, str(tmp_path)).procfs is None
    write_file(tmp_path, "/proc/cpuinfo", "")
    assert machine_at(None, str(tmp_path)).procfs is None


def test_given_procfs_overrides_that_of_the_root(tmp_path: Path) -> None:
    write_process(tmp_path / "proc", 1, "init")
    assert machine_at("/proc", str(tmp_path)).procfs == "/proc"


@pytest.mark.parametrize(
    ("links", "path", "resolved"),
    [
        ({}, "/etc/passwd", "etc/passwd"),
        ({}, "/etc/../../../etc/./passwd", "etc/passwd"),
        ({"etc/passwd": "/real"}, "/etc/passwd", "real"),
        ({"etc/passwd": "../real"}, "/etc/passwd", "real"),
        ({"etc/passwd": "../../../../real"}, "/etc/passwd", "real"),
        ({"etc/passwd": "/a/b", "a": "/c"}, "/etc/passwd", "c/b"),
        ({"var/run": "/run"}, "/var/run/utmp", "run/utmp"),
        ({"var/run": "../run/../srv"}, "/var/run/utmp", "srv/utmp"),
    ],
)
def test_links_are_resolved_inside_the_root(
    links: dict[str, str], path: str, resolved: str, tmp_path: Path
) -> None:
    for link, target in links.items():
        (tmp_path / link).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / link).symlink_to(target)
    assert resolve_inside(str(tmp_path), path) == str(tmp_path / resolved)


def test_link_to_itself_raises_an_error(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("/loop")
    with pytest.raises(OSError, match="loop"):
        read_text(Machine(rootfs=str(tmp_path)).root("/loop"))


def test_reading_is_limited(tmp_path: Path) -> None:
    file = write_file(tmp_path, "large", "x" * 200_000)
    assert len(read_bytes(str(file), 150_000)) == 150_000
    assert len(read_bytes(str(file), 1 << 20)) == 200_000


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_reading_leaves_no_open_file(tmp_path: Path) -> None:
    file = write_file(tmp_path, "file", "x")
    before = _open_files()
    for _ in range(5):
        read_bytes(str(file), 10)
        with pytest.raises(OSError, match="missing"):
            read_bytes(str(tmp_path / "missing"), 10)
        with pytest.raises(IsADirectoryError):
            read_bytes(str(tmp_path), 10)
    assert _open_files() == before
