"""Ctrl-C where no thread can wait for signals, as on Windows (simulated)."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.apis import Reply, scripted_api
from tests.agent.command import FOLDER, log_lines

_WINDOWS = """
import os, signal, sys, time
del signal.pthread_sigmask
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
{patch}
from agent.__main__ import main
sys.exit(main())
"""
# The step that is interrupted says that it has begun, without the lock of a stream: a thread that
# has it when the process ends is fatal.
_SLOW_FSYNC = """
real = os.fsync
def slow(descriptor):
    os.write(1, b"\\n")
    time.sleep(0.5)
    real(descriptor)
os.fsync = slow
"""
_SLOW_PROCESSES = """
real = os.listdir
def slow(path="."):
    if path == "/proc":
        os.write(1, b"\\n")
        time.sleep(30)
    return real(path)
os.listdir = slow
"""
_SLOW_IMPORT = """
import types
class Slow(types.ModuleType):
    def __getattr__(self, name):
        os.write(1, b"\\n")
        time.sleep(30)
sys.modules["agent.wire"] = Slow("agent.wire")
"""


@contextlib.contextmanager
def on_windows(*arguments: str, patch: str = "") -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", _WINDOWS.format(patch=patch), *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=FOLDER, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def interrupt(process: subprocess.Popen[str]) -> tuple[int, list[str]]:
    """Press Ctrl-C; returns the exit code and the rest of the log."""
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    return process.returncode, log_lines(err)


@pytest.mark.parametrize(("arguments", "code"), [((), 130), (("--every", "60", "--now"), 0)])
def test_report_in_memory_goes_to_the_spool(
    arguments: tuple[str, ...], code: int, spool_folder: Path
) -> None:
    spool_folder.parent.mkdir(exist_ok=True)
    spool_folder.write_text("", "utf-8")  # blocks the spool
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with on_windows("--api", url, *arguments) as process:
            connection, _ = silent.accept()
            with connection:
                assert connection.recv(100).startswith(b"POST /servers")
                spool_folder.unlink()
                assert interrupt(process)[0] == code
    [file] = spool_folder.glob("*.json")
    assert json.loads(file.read_bytes())["version_esquema"] == 2


def test_report_that_is_being_taken_goes_to_the_spool(spool_folder: Path) -> None:
    with scripted_api() as api, on_windows("--api", api.url, patch=_SLOW_FSYNC) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert interrupt(process) == (130, [])
        assert api.requests == []
    assert len(list(spool_folder.glob("*.json"))) == 1


def test_second_interrupt_is_not_delayed(spool_folder: Path) -> None:
    with on_windows("--api", "http://127.0.0.1:9", patch=_SLOW_PROCESSES) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
        assert interrupt(process) == (130, [])
    assert list(spool_folder.glob("*.json")) == []


def test_waiting_daemon_ends_with_0() -> None:
    with (
        scripted_api(Reply(201)) as api,
        on_windows("--every", "60", "--now", "--api", api.url) as process,
    ):
        assert process.stderr is not None
        while "reported" not in (line := process.stderr.readline()):
            assert line, "the agent has ended"
        assert interrupt(process) == (0, [])


@pytest.mark.parametrize("patch", [_SLOW_PROCESSES, _SLOW_IMPORT])
def test_interrupted_print_shows_no_traceback(patch: str) -> None:
    with on_windows("--print", patch=patch) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert interrupt(process) == (130, [])
