"""The guard: judges servers by rules in a process of its own, which can do no harm.

SQLite's limits and its progress handler stop most of what takes too long. Some steps of SQLite
stop for nothing; so the process itself has limits of memory and processor, and is ended when it
does not answer. The rule at which that happened is unknown there, and the others go on.
"""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import orjson

from service.errors import GuardEndedError
from service.policies.frames import LENGTH, frame, json_frame
from service.policies.judged_rule import JudgedRule
from service.policies.judging import Inspection, Limits
from service.policies.rule import Scope
from service.policies.verdict import Reason, State, Verdict, verdict_from_json

_PROJECT = Path(__file__).resolve().parents[2]
_MODULE = "service.policies.guard_process"
_MEBIBYTE = 1024 * 1024
_MAX_ANSWER = 64 * _MEBIBYTE
_READ_SIZE = 1_048_576

Data = Mapping[str, Sequence[Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """Of the guard's process. processor, fleet_processor: seconds for all rules of one server, and
    for one rule on the fleet. answer: seconds of wait for one answer.
    """

    memory: int = 1024 * _MEBIBYTE
    processor: float = 3.0
    fleet_processor: float = 20.0
    answer: float = 60.0


class Request(NamedTuple):
    """A server to judge. now: `:ahora`. only: the rules; null for all."""

    server: int
    now: str
    only: Collection[str] | None = None


class Guard:
    """Judges one image after the other. close() ends its process."""

    def __init__(
        self, limits: Limits | None = None, process_limits: ProcessLimits | None = None
    ) -> None:
        self._limits = limits or Limits()
        self._process_limits = process_limits or ProcessLimits()
        self._process: _Process | None = None
        self._rules: list[JudgedRule] = []
        self._data: Data = {"listas": [], "redes": [], "fin_de_vida": []}
        self._image: bytes | None = None
        self.restarts = 0  # how often the process ended before it answered

    def load(self, rules: Iterable[JudgedRule], data: Data) -> dict[str, Inspection]:
        """Replaces rules and data. Tells of each rule what SQLite says of it.

        A rule that cannot run stays, and is unknown everywhere. Not so one that ends the process
        as it is loaded: it is left out.
        """
        self._rules, self._data, self._image = list(rules), data, None
        left_out: dict[str, Inspection] = {}
        while True:
            found: dict[str, Inspection] = {}
            try:
                for rule, inspection in self._start():
                    found[rule] = Inspection.from_json(inspection)
            except GuardEndedError as error:
                # They are inspected in order, so it is the first of which nothing was heard.
                guilty = next((rule for rule in self._rules if rule.id not in found), None)
                if guilty is None:
                    raise
                left_out[guilty.id] = Inspection(error=str(error), is_limit=True)
                self._rules.remove(guilty)
            else:
                return {**found, **left_out}

    def open(self, image: bytes) -> None:
        """Takes the image over which the next calls judge: sql/guard/tables.sql, with rows.

        Raises GuardEndedError where the image alone passes the limits of the process.
        """
        self._image = image
        if self._process is None:
            self._restart()
        else:
            self._open()

    def judge(self, requests: Sequence[Request]) -> Iterator[tuple[int, dict[str, Verdict]]]:
        """The verdicts of the rules about a server, of each server of the image that is asked for.

        They come in the order of the requests, by rule.
        """
        waiting = list(requests)
        guilty: dict[str, Verdict] = {}
        while waiting:
            try:
                for server, verdicts in self._judge(waiting, guilty):
                    request = waiting.pop(0)
                    left_out = {
                        rule: verdict for rule, verdict in guilty.items() if _asks(request, rule)
                    }
                    yield server, verdicts | left_out
            except GuardEndedError:
                guilty |= self._find_guilty(waiting[0])

    def judge_fleet(
        self, now: str, only: Collection[str] | None = None
    ) -> dict[str, dict[int, Verdict] | Verdict]:
        """The verdicts of the rules about the fleet: by server of the image, or one for all."""
        rules = [
            rule.id
            for rule in self._rules
            if rule.scope is Scope.FLOTA and (only is None or rule.id in only)
        ]
        found: dict[str, dict[int, Verdict] | Verdict] = {}
        while len(found) < len(rules):
            left = [rule for rule in rules if rule not in found]
            request = {
                "do": "judge_fleet",
                "now": now,
                "only": left,
                "processor": self._process_limits.fleet_processor,
            }
            try:
                for rule, verdicts in self._ask(request):
                    found[rule] = {server: verdict_from_json(value) for server, value in verdicts}
            except GuardEndedError as error:
                found[next(rule for rule in left if rule not in found)] = _ended(error)
        return found

    @property
    def pid(self) -> int | None:
        """The number of its process; null where none runs."""
        return None if self._process is None else self._process.pid

    def close(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _judge(
        self, requests: Sequence[Request], without: Collection[str]
    ) -> Iterator[tuple[int, dict[str, Verdict]]]:
        everything = [rule.id for rule in self._rules]
        servers: list[tuple[int, str, list[str] | None]] = []
        for server, now, only in requests:
            asked = everything if only is None else only
            is_all = only is None and not without
            servers.append(
                (server, now, None if is_all else [rule for rule in asked if rule not in without])
            )
        request = {
            "do": "judge",
            "servers": servers,
            "processor": self._process_limits.processor,
        }
        for server, verdicts in self._ask(request):
            yield server, {rule: verdict_from_json(value) for rule, value in verdicts.items()}

    def _find_guilty(self, request: Request) -> dict[str, Verdict]:
        """The rules that end the process on this server, judged one by one."""
        found: dict[str, Verdict] = {}
        for rule in self._rules:
            if rule.scope is Scope.SERVIDOR and _asks(request, rule.id):
                try:
                    list(self._judge([request._replace(only=[rule.id])], ()))
                except GuardEndedError as error:
                    found[rule.id] = _ended(error)
        return found

    def _ask(self, request: Mapping[str, Any], image: bytes | None = None) -> Iterator[Any]:
        if self._process is None:
            self._restart()
        assert self._process is not None  # noqa: S101 — _restart() started it
        try:
            yield from self._process.ask(request, image)
        except GeneratorExit:
            self.close()  # half of the answers are still to come
            raise
        except GuardEndedError:
            self._process = None
            self.restarts += 1
            raise

    def _restart(self) -> None:
        list(self._start())
        if self._image is not None:
            self._open()

    def _open(self) -> None:
        processor = self._process_limits.fleet_processor
        list(self._ask({"do": "open", "processor": processor}, self._image))

    def _start(self) -> Iterator[Any]:
        self.close()
        self._process = _Process(self._process_limits)
        yield from self._ask(
            {
                "do": "load",
                "limits": asdict(self._limits),
                "data": self._data,
                "rules": [rule.as_json() for rule in self._rules],
                "processor": self._process_limits.processor,
            }
        )


def _asks(request: Request, rule: str) -> bool:
    return request.only is None or rule in request.only


class _Process:
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


def _ended(error: GuardEndedError) -> Verdict:
    return Verdict(State.DESCONOCIDO, Reason.LIMITE, str(error))
