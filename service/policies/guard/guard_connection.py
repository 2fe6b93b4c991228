"""The connection to a process of guard_process.py: starts, asks and ends it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import orjson

from service.errors import GuardEndedError
from service.policies.guard.frames import LENGTH, json_frame
from service.project import PROJECT_FOLDER

_MODULE = "service.policies.guard.guard_process"
_MEBIBYTE = 1024 * 1024
_MAX_ANSWER = 64 * _MEBIBYTE
_READ_SIZE = 1_048_576
_SEND_SIZE = 1_048_576
_LOOKS_SECONDS = 0.1  # between two looks at whether anybody waits
_STARTING = 30.0  # seconds more, until the first answer

T = TypeVar("T")


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
    """A process of guard_process.py. It has nothing but one end of a socket.

    module: another one that is asked likewise. stops: whether nobody waits for the answer any more;
    it is looked at several times a second. locks: descriptors of files whose locks it keeps until
    it ends, whatever becomes of this process.
    """

    def __init__(
        self,
        limits: ProcessLimits,
        module: str = _MODULE,
        stops: Callable[[], bool] | None = None,
        locks: Sequence[int] = (),
    ) -> None:
        self._limits = limits
        self._stops = stops
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 — our own module
                [sys.executable, "-E", "-s", "-m", module, str(limits.memory)],
                cwd=PROJECT_FOLDER,
                env={},  # it needs none of ours, and may have no secret
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                pass_fds=locks,
                process_group=0,  # Ctrl-C is for this process, which ends it
            )
        self._buffer = bytearray()
        self._wait = limits.answer + _STARTING

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, request: Mapping[str, Any], image: bytes | None = None) -> Iterator[Any]:
        """The answers, as they come. Raises GuardEndedError, and has then ended the process."""
        try:
            deadline = time.monotonic() + self._wait
            self._send(json_frame(request), deadline)
            if image is not None:
                self._send(LENGTH.pack(len(image)), deadline)
                self._send(image, deadline)
            while True:
                answer = orjson.loads(self._receive())
                self._wait = self._limits.answer
                if answer == {"end": True}:
                    return
                yield answer
        except (OSError, ValueError) as error:
            self.end()
            raise GuardEndedError(f"the guard ended: {error}") from error

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._socket.close()

    def _receive(self) -> bytes:
        deadline = time.monotonic() + self._wait
        (length,) = LENGTH.unpack(self._take(LENGTH.size, deadline))
        if length > _MAX_ANSWER:
            raise ValueError("its answer is too long")
        return self._take(length, deadline)

    def _send(self, payload: bytes, deadline: float) -> None:
        with memoryview(payload) as whole:
            sent = 0
            while sent < len(whole):
                part = whole[sent : sent + _SEND_SIZE]
                sent += self._waiting(deadline, partial(self._socket.send, part))

    def _waiting(self, deadline: float, step: Callable[[], T]) -> T:
        """What a step on the socket gives, which may wait. Raises TimeoutError."""
        while True:
            left = max(0.001, deadline - time.monotonic())
            self._socket.settimeout(left if self._stops is None else min(left, _LOOKS_SECONDS))
            try:
                return step()
            except TimeoutError:
                if time.monotonic() >= deadline or self._stops is None or self._stops():
                    raise

    def _take(self, length: int, deadline: float) -> bytes:
        while len(self._buffer) < length:
            received = self._waiting(deadline, partial(self._socket.recv, _READ_SIZE))
            if not received:
                raise ConnectionAbortedError("it passed a limit of processor or memory")
            self._buffer += received
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        return taken
