"""Runs the agent as a command."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import agent

if TYPE_CHECKING:
    from collections.abc import Iterator


FOLDER = Path(agent.__file__).parents[1]


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    options.setdefault("capture_output", True)
    command = [sys.executable, "-W", "error", "-m", "agent", *arguments]
    return subprocess.run(command, cwd=FOLDER, encoding="utf-8", timeout=30, check=False, **options)


def log_lines(stderr: str) -> list[str]:
    """The log, without the warning of machines that have neither a login manager nor utmp."""
    lines = stderr.splitlines()
    assert all(line.startswith("agent: ") for line in lines), stderr
    return [line for line in lines if "cannot tell who is logged in" not in line]


@contextlib.contextmanager
def start_agent(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "agent", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=FOLDER, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def end_agent(process: subprocess.Popen[str], number: int, code: int) -> str:
    """Send a signal and check the exit code; returns the rest of stderr."""
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == code
    return err
