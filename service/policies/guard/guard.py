"""The guard: judges servers by rules in a process of its own, which can do no harm.

SQLite's limits and its progress handler stop most of what takes too long. Some steps of SQLite
stop for nothing; so the process itself has limits of memory and processor, and is ended when it
does not answer. The rule at which that happened is unknown there, and the others go on. It is not
tried again there for a while; nor anywhere, while it happens on most servers and takes too long.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from types import TracebackType
from typing import Any, NamedTuple, Self

from service.errors import GuardEndedError
from service.policies.guard.facts import Told
from service.policies.guard.guard_connection import GuardConnection, ProcessLimits
from service.policies.guard.inspection import Inspection
from service.policies.guard.judged_rule import JudgedRule
from service.policies.guard.limits import Limits
from service.policies.guard.sightings import Kind, Relevant, Seen
from service.policies.guard.suspensions import Suspensions
from service.policies.guard.verdict import Verdict, verdict_from_json
from service.policies.rules.rule import Scope

Data = Mapping[str, Sequence[Sequence[Any]]]


class Request(NamedTuple):
    """A server to judge. now: `:ahora`. only: the rules; null for all.

    told: where the image has not all of its processes, what all of them tell.
    """

    server: int
    now: str
    only: Collection[str] | None = None
    told: Told | None = None


class Guard:
    """Judges one image after the other. close() ends its process."""

    def __init__(
        self, limits: Limits | None = None, process_limits: ProcessLimits | None = None
    ) -> None:
        self._limits = limits or Limits()
        self._process_limits = process_limits or ProcessLimits()
        self._connection: GuardConnection | None = None
        self._rules: list[JudgedRule] = []
        self._data: Data = {"listas": [], "redes": [], "fin_de_vida": []}
        self._image: bytes | None = None
        self._is_open = False  # the process has the image
        self._suspensions = Suspensions(self._process_limits.processor)
        self.restarts = 0  # how often the process ended before it answered

    def load(self, rules: Iterable[JudgedRule], data: Data) -> dict[str, Inspection]:
        """Replaces rules and data. Tells of each rule what SQLite says of it.

        A rule that cannot run stays, and is unknown everywhere. Not so one that ends the process
        as it is loaded: it is left out.
        """
        self._rules, self._data, self._image = list(rules), data, None
        self._suspensions = Suspensions(self._process_limits.processor)
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

        They raise GuardEndedError where the image alone passes the limits of the process.
        """
        self._image, self._is_open = image, False

    def judge(
        self, requests: Sequence[Request]
    ) -> Generator[tuple[int, dict[str, Verdict]], None, None]:
        """The verdicts of the rules about a server, of each server of the image that is asked for.

        They come in the order of the requests, by rule.
        """
        waiting = list(requests)
        while waiting:
            try:
                for server, verdicts in self._judge(waiting):
                    waiting.pop(0)
                    yield server, verdicts
            except GuardEndedError:
                request = waiting.pop(0)
                yield request.server, self._judge_one_by_one(request)

    def sweep(
        self,
        server: int,
        programs: Sequence[Sequence[Any]],
        steps: Sequence[Mapping[str, Any]],
    ) -> list[dict[str, Verdict]]:
        """The verdicts of the rules about a server at one report after the other.

        programs, steps: as SweptRelations takes them, with `only` as of a Request, and `now` in
        microseconds; the first one resets. Where verdicts stay, the same dict comes again. Raises
        GuardEndedError, and has then judged nothing: judge() tells what is guilty.
        """
        if self._suspensions.of(server):
            raise GuardEndedError("a rule is left out")
        found: list[dict[str, Verdict]] = []
        for answers in self._ask_of_programs("sweep", programs, steps=steps):
            for verdicts in answers:
                found.append(
                    found[-1]
                    if verdicts is None
                    else {rule: verdict_from_json(value) for rule, value in verdicts.items()}
                )
        return found

    def sightings(self) -> dict[str, Kind]:
        """What kind of processes each rule about a server sees. Raises GuardEndedError."""
        return {rule: Kind(*kind) for rule, *kind in self._ask_of_programs("sightings", ())}

    def relevant(self, programs: Sequence[Sequence[Any]]) -> Relevant:
        """Which of these programs the rules can see. Raises GuardEndedError."""
        ((kthreadd, threads, rules),) = self._ask_of_programs("relevant", programs)
        return Relevant(kthreadd, threads, {rule: Seen(*seen) for rule, seen in rules.items()})

    def relevant_tags(self, tags: Sequence[tuple[str, str]]) -> dict[str, list[int]]:
        """Which of these tags may do where a rule needs processes. Raises GuardEndedError."""
        (found,) = self._ask_of_programs("tags", tags)
        return dict(found)

    def judge_fleet(
        self, now: str, only: Collection[str] | None = None
    ) -> dict[str, dict[int, Verdict] | Verdict]:
        """The verdicts of the rules about the fleet: by server of the image, or one for all."""
        found: dict[str, dict[int, Verdict] | Verdict] = {}
        suspended = self._suspensions.of(None)
        left = [rule for rule in self._asked(Scope.FLOTA, only) if rule not in suspended]
        while left:
            request = {
                "do": "judge_fleet",
                "now": now,
                "only": left,
                "processor": self._process_limits.fleet_processor,
            }
            try:
                for rule, verdicts in self._ask(request):
                    found[rule] = {server: verdict_from_json(value) for server, value in verdicts}
                    left.remove(rule)
            except GuardEndedError as error:
                if left:
                    self._suspensions.add(left.pop(0), None, error)
        suspended = self._suspensions.of(None)
        return found | {
            rule: suspended[rule] for rule in self._asked(Scope.FLOTA, only) if rule in suspended
        }

    @property
    def pid(self) -> int | None:
        """The number of its process; null where none runs."""
        return None if self._connection is None else self._connection.pid

    def close(self) -> None:
        if self._connection is not None:
            self._connection.end()
            self._connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _judge(self, requests: Sequence[Request]) -> Iterator[tuple[int, dict[str, Verdict]]]:
        servers: list[tuple[int, str, list[str] | None, Any]] = []
        left_out = [self._suspensions.of(server) for server, *_ in requests]
        for (server, now, only, told), suspended in zip(requests, left_out, strict=True):
            asked = None
            if only is not None or suspended:
                asked = [
                    rule for rule in self._asked(Scope.SERVIDOR, only) if rule not in suspended
                ]
            servers.append((server, now, asked, None if told is None else told.as_json()))
        request = {
            "do": "judge",
            "servers": servers,
            "processor": self._process_limits.processor,
        }
        # All answers are taken, to the end; of a call that is cut off the process has to be ended.
        answers = zip(self._ask(request), [*requests], left_out, strict=True)
        for (server, verdicts), (_, _, only, _), suspended in answers:
            found = {rule: verdict_from_json(value) for rule, value in verdicts.items()}
            self._suspensions.note(server, found)
            mute = self._asked(Scope.SERVIDOR, only) if suspended else ()
            yield server, found | {rule: suspended[rule] for rule in mute if rule in suspended}

    def _judge_one_by_one(self, request: Request) -> dict[str, Verdict]:
        """The verdicts on one server; rules that end the process are suspended there."""
        list(self._judge([request._replace(only=[])]))  # takes in the image
        found: dict[str, Verdict] = {}
        for rule in self._asked(Scope.SERVIDOR, request.only):
            try:
                for _, verdicts in self._judge([request._replace(only=[rule])]):
                    found |= verdicts
            except GuardEndedError as error:
                found[rule] = self._suspensions.add(rule, request.server, error)
        return found

    def _asked(self, scope: Scope, only: Collection[str] | None) -> list[str]:
        return [
            rule.id
            for rule in self._rules
            if rule.scope is scope and (only is None or rule.id in only)
        ]

    def _ask(self, request: Mapping[str, Any]) -> Iterator[Any]:
        if self._connection is None:
            list(self._start())
        assert self._connection is not None  # noqa: S101 — _start() has made it
        image = None if self._is_open else self._image
        opening = 0 if image is None else self._process_limits.fleet_processor
        try:
            yield from self._connection.ask({**request, "open": opening}, image)
        except GeneratorExit:
            self.close()  # half of the answers are still to come
            raise
        except GuardEndedError:
            self._connection = None
            self.restarts += 1
            raise
        self._is_open = True

    def _ask_of_programs(self, do: str, programs: Sequence[Any], **members: Any) -> Iterator[Any]:  # noqa: ANN401
        self._image, self._is_open = None, True  # what it had is gone
        processor = self._process_limits.processor
        yield from self._ask({"do": do, "programs": programs, "processor": processor, **members})

    def _start(self) -> Iterator[Any]:
        """Starts the process, if none runs, and gives it the rules."""
        if self._connection is None:
            self._connection = GuardConnection(self._process_limits)
        request = {
            "do": "load",
            "limits": asdict(self._limits),
            "data": self._data,
            "rules": [rule.as_json() for rule in self._rules],
            "processor": self._process_limits.processor,
            "open": 0,
        }
        try:
            yield from self._connection.ask(request)
        except GuardEndedError:
            self._connection = None
            self.restarts += 1
            raise
        self._is_open = False
