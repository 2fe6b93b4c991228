"""Watches, or spoils, the system calls of a running service with strace(1)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.live import PATIENCE, LiveService

_CALL = re.compile(r"(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>-?\d+)(?P<rest>.*)")


@dataclass(frozen=True, slots=True)
class Call:
    """One finished system call, such as fdatasync of the file compliance.db-wal."""

    name: str
    arguments: str

    @property
    def file(self) -> str:
        """The name of the file that its descriptor is open on."""
        path = self.arguments.partition("<")[2].partition(">")[0]
        return path.rpartition("/")[2]


class Trace:
    def __init__(self, path: Path) -> None:
        self._path = path

    def calls(self) -> list[Call]:
        """The successful calls in order of their end, as far as strace has printed them."""
        lines = _whole(self._path.read_text(encoding="utf-8", errors="replace").splitlines())
        matches = (_CALL.search(line) for line in lines)
        return [Call(m["name"], m["arguments"]) for m in matches if m and int(m["result"]) >= 0]


def _whole(lines: list[str]) -> Iterator[str]:
    """Joins the two halves of a call that another thread's came between."""
    begun: dict[str, str] = {}
    for line in lines:
        thread, _, text = line.partition(" ")
        if text.endswith("<unfinished ...>"):
            begun[thread] = text.removesuffix("<unfinished ...>")
        elif "resumed>" in text:
            yield begun.pop(thread, "") + text.partition("resumed>")[2]
        else:
            yield text


@contextmanager
def strace(live: LiveService, *options: str) -> Iterator[Trace]:
    """Attaches to all workers for as long as this lasts. Without strace: skipped, failed in CI."""
    program = shutil.which("strace")
    if program is None:
        _cannot("strace is not installed")
    trace = live.data.with_name("trace")
    trace.unlink(missing_ok=True)
    pids = live.worker_pids()
    command = [str(program), "-f", "-y", "-s", "32", "-o", str(trace), *options]
    for pid in pids:
        command += ["-p", str(pid)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        try:
            assert tracer.stderr is not None
            for _ in pids:
                told = tracer.stderr.readline()
                if "attached" not in told:
                    _cannot(f"strace cannot attach: {told.strip()}")
            yield Trace(trace)
        finally:
            _end(tracer, pids)
    _wait_until_detached(live)


def _end(tracer: subprocess.Popen[str], pids: list[int]) -> None:
    """strace ends when all that it traces have. Asked to end while they do, it waits for ever."""
    try:
        if not all(_runs(pid) for pid in pids):
            tracer.wait(PATIENCE)
        tracer.terminate()
        tracer.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        tracer.kill()


def _runs(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return False


def _wait_until_detached(live: LiveService) -> None:
    deadline = time.monotonic() + PATIENCE
    for pid in live.worker_pids():
        status = Path(f"/proc/{pid}/status")
        while status.exists() and "TracerPid:\t0" not in status.read_text(encoding="ascii"):
            assert time.monotonic() < deadline, "strace does not let go"
            time.sleep(0.01)


def _cannot(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
