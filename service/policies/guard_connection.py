"""The connection to a process of service/policies/guard_process.py: starts, asks and ends it."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from service.errors import GuardEndedError
from service.policies.frames import LENGTH, frame, json_frame

_PROJECT = Path(__file__).resolve().parents[2]
_MODULE = "service.policies.guard_process"
_MEBIBYTE = 1024 * 1024
_MAX_ANSWER = 64 * _MEBIBYTE
_READ_SIZE = 1_048_576


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """Of the guard's process. processor, fleet_processor: seconds for all rules of one server, and
    for one rule on the fleet. answer: seconds of wait for one answer.
    """

    memory: int = 1024 * _MEBIBYTE
    processor: float = 3.0
    fleet_processor: float = 20.0
    answer: float = 60.0


class GuardConnection:
    """A process of service/policies/guard_process.py."""

    def __init__(self, limits: ProcessLimits) -> None:
        self._limits = limits
        self._process = subprocess.Popen(  # noqa: S603 — our own module
            [
                sys.executable,
                "-E",
                "-s",
                "-m",
                _MODULE,
                str(limits.memory),
            ],
            cwd=_PROJECT,
            env={},  # it needs none of ours, and may have no secret
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdin is not None  # noqa: S101 — pipes, as asked for
        assert self._process.stdout is not None  # noqa: S101
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        os.set_blocking(self._stdin.fileno(), False)
        self._buffer = bytearray()

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, request: Mapping[str, Any], image: bytes | None = None) -> Iterator[Any]:
        """The answers, as they come. Raises GuardEndedError, and has then ended the process."""
        sent = json_frame(request) + (b"" if image is None else frame(image))
        try:
            self._send(sent)
            while True:
                answer = orjson.loads(self._receive())
                if answer == {"end": True}:
                    return
                yield answer
        except (OSError, ValueError) as error:
            raise GuardEndedError(f"the guard ended: {self._reason(error)}") from error

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._stdin, self._stdout):
            pipe.close()

    def _send(self, content: bytes) -> None:
        """Raises OSError. The process reads all of it before it answers."""
        view = memoryview(content)
        with selectors.DefaultSelector() as selector:
            selector.register(self._stdin, selectors.EVENT_WRITE)
            while view:
                if not selector.select(self._limits.answer):
                    raise TimeoutError("it takes nothing in")
                view = view[os.write(self._stdin.fileno(), view[:_READ_SIZE]) :]

    def _receive(self) -> bytes:
        deadline = time.monotonic() + self._limits.answer
        (length,) = LENGTH.unpack(self._take(LENGTH.size, deadline))
        if length > _MAX_ANSWER:
            raise ValueError("its answer is too long")
        return self._take(length, deadline)

    def _take(self, length: int, deadline: float) -> bytes:
        with selectors.DefaultSelector() as selector:
            selector.register(self._stdout, selectors.EVENT_READ)
            while len(self._buffer) < length:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError("it did not answer")
                received = os.read(self._stdout.fileno(), _READ_SIZE)
                if not received:
                    raise ConnectionAbortedError("it passed a limit of processor or memory")
                self._buffer += received
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        return taken

    def _reason(self, error: Exception) -> str:
        self.end()
        return str(error)
