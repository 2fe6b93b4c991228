"""A named pipe that nobody writes stands for a file of /proc that never answers."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from agent.collectors import deadline, process_watch
from agent.collectors.command_line import CommandLineLimit
from agent.collectors.deadline import NoAnswerError
from agent.collectors.proc_reader import Reader, Row
from tests.agent.trees import write_process

NAME = "a-name-of-15-by"


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_watch, "STUCK_SECONDS", 0.2)
    monkeypatch.setattr(process_watch, "RESERVE_SECONDS", 0.0)
    monkeypatch.setattr(process_watch, "_stuck", {})
    monkeypatch.setattr(deadline, "_unanswered", {})


def read_all(procfs: Path, seconds: float = 60, *, command_lines: bool = False) -> list[Row]:
    end = time.monotonic() + seconds
    found = process_watch.read_all(str(procfs), command_lines=command_lines, deadline=end)
    return found.rows


def hang(folder: Path, file: str) -> None:
    (folder / file).unlink()
    os.mkfifo(folder / file)


def return_at_last(procfs: Path, pid: int, file: str) -> None:
    """Let the read return, so that its thread ends."""
    reading = process_watch._stuck[str(procfs), pid, file]
    os.close(os.open(procfs / str(pid) / file, os.O_RDWR | os.O_NONBLOCK))
    reading.join(5)
    assert not reading.is_alive()


def test_command_line_that_never_answers_costs_itself_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_process(tmp_path, 1, "init", cmdline=b"init\0")
    hang(write_process(tmp_path, 80, NAME, uid=7), "cmdline")
    write_process(tmp_path, 90, NAME, uid=8, cmdline=f"/opt/{NAME}tes\0-v\0".encode())
    assert read_all(tmp_path, command_lines=True) == [
        Row(1, "init", 0, 1, 0, None, b"init\0"),
        Row(80, NAME, 7, 1, 0, None, b""),
        Row(90, f"{NAME}tes", 8, 1, 0, None, f"/opt/{NAME}tes\0-v\0".encode()),
    ]
    [record] = caplog.records
    assert record.getMessage() == f"no answer from {tmp_path}/80/cmdline, continuing without"
    return_at_last(tmp_path, 80, "cmdline")


def test_limit_of_the_thread_that_read_is_that_of_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lines are cut already, and would not exceed the limit of all once more."""
    monkeypatch.setattr(process_watch, "CommandLineLimit", lambda: CommandLineLimit(50_000))
    for pid in (1, 2):
        write_process(tmp_path, pid, "java", cmdline=b"x" * 30_000)
    end = time.monotonic() + 60
    assert process_watch.read_all(str(tmp_path), command_lines=True, deadline=end)[1] == 16_384


def test_all_command_lines_are_cut_at_one_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_watch, "CommandLineLimit", lambda: CommandLineLimit(50_000))
    for pid in (1, 81, 82):
        write_process(tmp_path, pid, "java", cmdline=b"x" * 30_000)
    hang(write_process(tmp_path, 80, NAME), "cmdline")
    end = time.monotonic() + 60
    rows, limit = process_watch.read_all(str(tmp_path), command_lines=True, deadline=end)
    assert limit == 16_384
    assert [len(row.command_line or b"") for row in rows] == [17_408, 0, 17_408, 17_408]
    return_at_last(tmp_path, 80, "cmdline")


@pytest.mark.parametrize(
    ("file", "row"),
    [
        ("stat", Row(80, "sh", 7, 1)),
        ("status", Row(80, "sh", None, 1, 0)),
    ],
)
def test_other_files_that_never_answer_cost_their_facts(
    tmp_path: Path, file: str, row: Row
) -> None:
    folder = write_process(tmp_path, 80, "sh", uid=7)
    status = (folder / "status").read_text("utf-8") + "PPid:\t1\n"
    (folder / "status").write_text(status, "utf-8")
    hang(folder, file)
    write_process(tmp_path, 81, "after")
    assert read_all(tmp_path) == [row, Row(81, "after", 0, 1, 0)]
    return_at_last(tmp_path, 80, file)


def test_read_that_hangs_is_not_repeated_until_it_returns(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hang(write_process(tmp_path, 80, NAME), "cmdline")
    threads = []
    for _ in range(3):
        assert [row.name for row in read_all(tmp_path)] == [NAME]
        threads.append(threading.active_count())
    assert threads == threads[:1] * 3
    assert len(caplog.records) == 1
    return_at_last(tmp_path, 80, "cmdline")
    (tmp_path / "80" / "cmdline").unlink()
    (tmp_path / "80" / "cmdline").write_bytes(f"{NAME}tes\0".encode())
    assert [row.name for row in read_all(tmp_path)] == [f"{NAME}tes"]


def test_many_that_hang_end_the_reading_of_command_lines(tmp_path: Path) -> None:
    for pid in range(1, 12):
        hang(write_process(tmp_path, pid, NAME), "cmdline")
    write_process(tmp_path, 50, "sh", cmdline=b"sh\0")
    assert [(row.pid, row.name) for row in read_all(tmp_path, command_lines=True)] == [
        *((pid, NAME) for pid in range(1, 12)),
        (50, "sh"),
    ]
    assert len(process_watch._stuck) == process_watch.MOST_STUCK
    for _, pid, file in list(process_watch._stuck):
        return_at_last(tmp_path, pid, file)


def test_processes_that_are_not_read_in_time_have_their_id(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for pid in range(1, 6):
        write_process(tmp_path, pid, "sh")
    returns = threading.Event()
    real = Reader._read_files

    def read_files(self: Reader, pid: int, folder: int) -> Row:
        if pid == 3:
            returns.wait()
        return real(self, pid, folder)

    monkeypatch.setattr(Reader, "_read_files", read_files)
    rows = read_all(tmp_path, seconds=0.3)
    returns.set()
    assert [(row.pid, row.name) for row in rows] == [
        *((1, "sh"), (2, "sh"), (3, None), (4, None), (5, None))
    ]
    assert "3 have their id only" in caplog.text


def test_error_costs_the_facts_of_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for pid in range(1, 4):
        write_process(tmp_path, pid, "sh")
    real = Reader._read_files

    def broken(self: Reader, pid: int, folder: int) -> Row:
        if pid == 2:
            raise ValueError("unexpected")
        return real(self, pid, folder)

    monkeypatch.setattr(Reader, "_read_files", broken)
    assert [row.name for row in read_all(tmp_path)] == ["sh", None, "sh"]


def test_folder_that_never_answers_raises_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    returns = threading.Event()
    monkeypatch.setattr(process_watch, "process_ids", lambda _procfs: returns.wait())
    with pytest.raises(NoAnswerError, match="the list of processes"):
        read_all(tmp_path, seconds=0.1)
    returns.set()


def test_missing_folder_raises_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_all(tmp_path / "missing")
