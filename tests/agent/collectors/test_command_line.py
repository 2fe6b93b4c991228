from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from agent.collectors import command_line, processes
from agent.collectors.command_line import MAX_BYTES, CommandLineLimit, shown
from agent.collectors.proc_reader import Row
from agent.machine import Machine
from tests.agent.trees import write_process

if TYPE_CHECKING:
    from pathlib import Path

MARGIN = 1024


def limited(lengths: list[int], most: int) -> tuple[list[int], int]:
    """The lengths of the command lines that are kept, and the limit."""
    limit = CommandLineLimit(most)
    rows: list[Row] = []
    for pid, length in enumerate(lengths):
        limit.add(Row(pid, "x", 0, command_line=b"x" * length), rows)
    assert [row.pid for row in rows] == list(range(len(lengths)))
    return [len(row.command_line or b"") for row in rows], limit.bytes


def test_command_lines_that_fit_stay_whole() -> None:
    assert limited([10, 20_000, 30], 40_000) == ([10, 20_000, 30], MAX_BYTES)


def test_each_command_line_is_cut() -> None:
    assert limited([100_000], 1 << 20) == ([MAX_BYTES + MARGIN], MAX_BYTES)


def test_longest_command_lines_are_cut_until_all_fit() -> None:
    lengths, limit = limited([50, 30_000, 700, 30_000, 9_000], 40_000)
    assert limit == 8_192
    assert lengths == [50, limit + MARGIN, 700, limit + MARGIN, 9_000]


def test_limit_is_the_same_for_about_the_same_processes() -> None:
    limits = {limited([32_000] * count + [70] * count, 2 << 20)[1] for count in range(300, 330)}
    assert limits == {4_096}
    assert limited([33_000] * 3000, 2 << 20)[1] == 512


def test_processes_without_a_command_line_are_kept() -> None:
    limit, rows = CommandLineLimit(10), []  # type: ignore[var-annotated]
    limit.add(Row(1, "x", 0), rows)
    assert rows == [Row(1, "x", 0)]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (b"/usr/bin/app\0--password\0two words\0-v\0\0\0", "/usr/bin/app --password *** -v"),
        (b"nginx: master process\0\0\0", "nginx: master process"),
        (b"caf\xe9\0", "caf\udce9"),
        (b"\0\0", None),
        (b"", None),
        (None, None),
    ],
)
def test_command_line_is_shown_masked(arguments: bytes | None, text: str | None) -> None:
    assert shown(arguments) == text


@pytest.mark.parametrize("before", range(80, 101))
def test_secret_at_the_limit_is_masked_before_it_is_cut(before: int) -> None:
    url = b"https://user:secret@host/" + b"p" * 4000
    line = (b"a" * before + b" " + url)[:200]
    text = shown(line, 100)
    assert text is not None
    assert len(text) <= 100
    assert "sec" not in text


def test_end_of_a_cut_line_is_never_shown() -> None:
    """There a secret may be cut before what it is recognized by, also if masking shortens."""
    secret = b"s" * 90
    line = b"app --password " + secret + b" " + b"x" * 80 + b" ftp://u:hidden"
    text = shown(line[:200], 100)
    assert text is not None
    assert "hidden" not in text
    assert "app --password *** xxx".startswith(text)


def test_command_lines_that_are_not_masked_in_time_are_omitted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [time.monotonic()]
    for pid in (1, 2, 3):
        write_process(tmp_path, pid, "app", cmdline=b"app\0--password\0secret\0")

    def slow(arguments: bytes, limit: int) -> str | None:
        clock[0] += 60
        return shown(arguments, limit)

    monkeypatch.setattr(command_line, "shown", slow)
    monkeypatch.setattr(processes, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    found = processes.collect(Machine(procfs=str(tmp_path)), command_lines=True)
    assert [process.command_line for process in found] == ["app --password ***", None, None]
    assert "2 command lines could not be masked and are omitted" in caplog.text


def test_command_line_that_cannot_be_masked_is_omitted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> str | None:
        raise RecursionError

    write_process(tmp_path, 1, "app", cmdline=b"app\0--password\0secret\0")
    monkeypatch.setattr(command_line, "shown", broken)
    [process] = processes.collect(Machine(procfs=str(tmp_path)), command_lines=True)
    assert (process.name, process.command_line) == ("app", None)
    assert "1 command lines could not be masked" in caplog.text
