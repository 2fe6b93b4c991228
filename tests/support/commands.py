"""Runs commands of the service as an operator does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.live import PROJECT


def run(
    command: str | Sequence[str], data: Path, **settings: str
) -> subprocess.CompletedProcess[str]:
    arguments = [command] if isinstance(command, str) else command
    environ = {**os.environ, "COMPLIANCE_DATA": str(data), **settings}
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-m", "service", *arguments],
        cwd=PROJECT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "ResourceWarning" not in ended.stderr, "Python 3.13 reports a connection left open"
    return ended


@contextmanager
def started(arguments: Sequence[str], data: Path, **settings: str) -> Iterator[int]:
    """A command that runs until it is stopped. Its pid."""
    process = subprocess.Popen(
        [sys.executable, "-m", "service", *arguments],
        cwd=PROJECT,
        env={**os.environ, "COMPLIANCE_DATA": str(data), **settings},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=40)
