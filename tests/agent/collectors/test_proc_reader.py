"""Reads live processes, and trees of a /proc."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from agent.collectors import proc_reader
from agent.collectors.proc_reader import Reader, read_processes
from tests.agent.trees import write_file, write_process
from tests.support.live import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator


def rows(procfs: str) -> list[tuple[Any, ...]]:
    """Id, name and user of every process."""
    return [row[:3] for row in read_processes(procfs)]


def test_all_facts_of_a_process_are_read(tmp_path: Path) -> None:
    with subprocess.Popen(["/bin/sleep", "60", "--", "x y"][:2]) as child:
        wait_until(lambda: b"sleep" in Path(f"/proc/{child.pid}/comm").read_bytes())
        found = {row.pid: row for row in read_processes("/proc", command_lines=True)}
        child.kill()
    row = found[child.pid]
    assert row.parent == os.getpid()
    assert row.executable == str(Path("/bin/sleep").resolve())
    assert row.command_line == b"/bin/sleep\x0060\x00"
    assert row.started is not None
    assert (found[os.getpid()].started or 0) <= row.started
    write_process(tmp_path, 5)
    assert next(read_processes(str(tmp_path))).executable is None
    assert next(read_processes(str(tmp_path))).command_line is None


def test_processes_of_a_tree_are_in_the_order_of_their_ids(tmp_path: Path) -> None:
    write_process(tmp_path, 100, "b) (c\nd", uid=33)
    write_process(tmp_path, 9, "init", uid=0)
    cut = "a-very-long-name-of-a-program"
    write_process(tmp_path, 20, cut[:15], uid=1000, cmdline=f"/opt/{cut}\0-x\0".encode())
    write_file(tmp_path, "cpuinfo", "model name : x\n")
    (tmp_path / "self").mkdir()
    (tmp_path / "²").mkdir()
    assert rows(str(tmp_path)) == [
        (9, "init", 0),
        (20, cut, 1000),
        (100, "b) (c\nd", 33),
    ]


def test_setuid_program_belongs_to_its_real_user(tmp_path: Path) -> None:
    write_process(tmp_path, 5, "passwd", uid=1000, effective_uid=0)
    assert rows(str(tmp_path)) == [(5, "passwd", 1000)]


def test_name_that_is_not_utf_8_keeps_its_bytes(tmp_path: Path) -> None:
    write_process(tmp_path, 5, b"caf\xe9")
    assert rows(str(tmp_path)) == [(5, "caf\udce9", 0)]


def test_tree_without_status_has_the_owners_of_its_folders(tmp_path: Path) -> None:
    folder = write_process(tmp_path, 5, "sh", uid=None)
    if os.getuid() == 0:
        os.chown(folder, 54321, 54321)
    assert rows(str(tmp_path)) == [(5, "sh", folder.stat().st_uid)]


@pytest.mark.parametrize("line", ["", "Uid:\n", "Uid:\tnone\n"])
def test_status_without_a_user_gives_the_owner_of_the_folder(tmp_path: Path, line: str) -> None:
    """As gVisor's, or one of an emulated /proc."""
    folder = write_process(tmp_path, 5, "sh", uid=0)
    write_file(folder, "status", f"Name:\tsh\nPPid:\t1\n{line}")
    if os.getuid() == 0:
        os.chown(folder, 54321, 54321)
    assert rows(str(tmp_path)) == [(5, "sh", folder.stat().st_uid)]


def test_file_without_a_fact_counts_as_a_missing_file(tmp_path: Path) -> None:
    folder = write_process(tmp_path, 5, "two\nlines", uid=7)
    for content in (b"", b"5", b"5 (cut"):
        (folder / "stat").write_bytes(content)
        [row] = read_processes(str(tmp_path))
        assert row[:4] == (5, "two\nlines", 7, None)
    (folder / "comm").unlink()
    write_file(folder, "status", "Name:\ttwo\\nlines\nPPid:\t4\nUid:\t7\t7\t7\t7\n")
    [row] = read_processes(str(tmp_path))
    assert row[:4] == (5, "two\nlines", 7, 4)


def test_cut_name_is_completed_without_arguments(tmp_path: Path) -> None:
    folder = write_process(tmp_path, 5, b"process-name-t\xc3", cmdline=b"")
    assert rows(str(tmp_path)) == [(5, "process-name-t", 0)]
    (folder / "exe").symlink_to("/opt/process-name-töö (deleted)")
    assert rows(str(tmp_path)) == [(5, "process-name-töö", 0)]


def test_program_outside_the_root_has_no_path(tmp_path: Path) -> None:
    folder = write_process(tmp_path, 5, "x")
    (folder / "exe").symlink_to("(unreachable)/bin/x")
    [row] = read_processes(str(tmp_path))
    assert row.executable is None


@pytest.mark.parametrize("kept", ["stat", "comm"])
def test_tree_with_one_file_per_process_has_names(tmp_path: Path, kept: str) -> None:
    folder = write_process(tmp_path, 5, "two words", uid=None)
    for file in folder.iterdir():
        if file.name != kept:
            file.unlink()
    assert [(pid, name) for pid, name, *_ in read_processes(str(tmp_path))] == [(5, "two words")]


def test_process_without_files_is_omitted(tmp_path: Path) -> None:
    write_process(tmp_path, 4, "before")
    folder = write_process(tmp_path, 5, "gone")
    for file in folder.iterdir():
        file.unlink()
    write_file(tmp_path, "6", "a file, not a folder")
    write_process(tmp_path, 7, "after")
    assert [pid for pid, *_ in read_processes(str(tmp_path))] == [4, 7]


def test_unreadable_procfs_raises_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(read_processes(str(tmp_path / "missing")))


@contextlib.contextmanager
def _children_coming_and_going() -> Iterator[list[int]]:
    """Processes that a thread starts continually and that end at once."""
    over = threading.Event()
    started: list[int] = []

    def churn() -> None:
        while not over.is_set():
            with subprocess.Popen(["/bin/true"]) as child:
                started.append(child.pid)

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        yield started
    finally:
        over.set()
        thread.join()


def test_processes_that_end_meanwhile_are_omitted() -> None:
    with _children_coming_and_going() as started:
        rounds = 0
        while len(started) < 100 or rounds < 3:
            found = list(read_processes("/proc"))
            assert all(name is not None and uid is not None for _, name, uid, *_ in found)
            rounds += 1


def test_process_that_ends_between_two_reads_is_omitted() -> None:
    """Each file in turn is the first one to be read after the end of the process."""
    for doomed in ("stat", "status", "cmdline"):
        with subprocess.Popen(["/bin/sleep", "60"]) as child:
            folder = os.open(f"/proc/{child.pid}", os.O_RDONLY)
            real = proc_reader._read

            def read(at: int, file: str, *, child: subprocess.Popen[bytes] = child) -> bytes | None:
                if file == doomed:  # noqa: B023 — used in this round only
                    child.kill()
                    child.wait()
                return real(at, file)  # noqa: B023

            try:
                with pytest.MonkeyPatch.context() as patch:
                    patch.setattr(proc_reader, "_read", read)
                    patch.setattr(proc_reader, "COMM_BYTES", 1)
                    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                        row = Reader("/proc")._read_files(child.pid, folder)
                        assert doomed == "cmdline"
                        assert (row.name, row.uid) == ("sleep", os.getuid())
            finally:
                os.close(folder)
                child.kill()


def test_process_that_ends_while_its_file_is_open_is_omitted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading its open files gives ESRCH; opening them again would give ENOENT."""
    with subprocess.Popen(["/bin/sleep", "60"]) as child:
        (tmp_path / str(child.pid)).symlink_to(f"/proc/{child.pid}")
        real = os.read

        def read(descriptor: int, size: int) -> bytes:
            child.kill()
            child.wait()
            return real(descriptor, size)

        monkeypatch.setattr(os, "read", read)
        assert rows(str(tmp_path)) == []


def test_zombie_has_its_name_and_user() -> None:
    with subprocess.Popen(["/bin/true"]) as child:
        _wait_for_state(child.pid, "Z")
        found = {pid: (name, uid) for pid, name, uid, *_ in read_processes("/proc")}
        assert found[child.pid] == ("true", os.getuid())


def _wait_for_state(pid: int, state: str) -> None:
    stat = Path(f"/proc/{pid}/stat")
    wait_until(lambda: stat.read_text("utf-8").rsplit(")", 1)[1].split()[0] == state)


DENIED = """
import os, sys
from agent.collectors.proc_reader import read_processes
os.setuid(54321)
print([row[:3] for row in read_processes(sys.argv[1])])
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize(
    ("denied", "expected"),
    [
        ("", "[(5, None, None), (6, 'sh', 7)]"),  # as hidepid=1 of proc(5) does
        ("status", "[(5, 'secret', None), (6, 'sh', 7)]"),
        ("stat", "[(5, 'secret', 0), (6, 'sh', 7)]"),
        ("cmdline", "[(5, 'secret', 0), (6, 'sh', 7)]"),
    ],
)
def test_denied_values_are_none(open_folder: Path, denied: str, expected: str) -> None:
    folder = write_process(open_folder, 5, "secret", uid=0)
    write_process(open_folder, 6, "sh", uid=7)
    (folder / denied).chmod(0)
    run = subprocess.run(
        [sys.executable, "-c", DENIED, str(open_folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout.strip() == expected, run.stderr
