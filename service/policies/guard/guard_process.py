"""The guard's own process: it judges what comes in on stdin, and answers on stdout.

    python -m service.policies.guard.guard_process MEMORY_BYTES

It holds no database, no secret and no file, and gives away what it does not need before it reads
the first rule. Each request is JSON, with an image behind it where its member `open` says so: the
seconds of processor that taking it in may cost. guard.py starts it, and ends it when it takes
too long.
"""

from __future__ import annotations

import gc
import math
import resource
import sys
import time
from collections.abc import Iterator
from typing import Any, BinaryIO

import orjson

from service.policies.guard.facts import Told
from service.policies.guard.frames import json_frame, read_frame
from service.policies.guard.judged_rule import JudgedRule
from service.policies.guard.judging import Judging
from service.policies.guard.limits import Limits
from service.policies.guard.verdict import Verdict, verdict_as_json

# Of one answer with the verdicts at many reports.
_MOST_FINDINGS = 1_000
_MOST_SECONDS = 0.1

_COLLECTED_AFTER = 50_000  # objects
_OPEN_FILES = 16  # the three that it has, and one time zone at a time


def main() -> int:
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    drop_privileges(int(sys.argv[1]))
    gc.set_threshold(_COLLECTED_AFTER)  # what it allocates is rows, and they make no cycles
    judging: Judging | None = None
    while (payload := read_frame(requests.read)) is not None:
        request = orjson.loads(payload)
        if judging is None:
            judging = Judging(Limits(**request["limits"]))
        try:
            for answer in _answers(judging, request, requests):
                answers.write(json_frame(answer))
                answers.flush()
        except MemoryError:  # outside of a statement: what is left of it cannot be trusted
            return 1
        answers.write(json_frame({"end": True}))
        answers.flush()
    return 0


def _answers(judging: Judging, request: dict[str, Any], source: BinaryIO) -> Iterator[Any]:
    processor = request["processor"]
    allow_processor(request["open"])
    if request["open"]:
        image = read_frame(source.read)
        if image is None:
            return
        judging.open(image)
    allow_processor(processor)
    if request["do"] == "load":
        judging.set_data(request["data"])
        for rule, found in judging.set_rules(map(JudgedRule.from_json, request["rules"])):
            yield [rule, found.as_json()]
            allow_processor(processor)
    elif request["do"] == "judge":
        for server, now, only, told in request["servers"]:
            known = None if told is None else Told.from_json(told)
            yield [server, _as_json(judging.judge_server(server, now, only, known))]
            allow_processor(processor)
    elif "programs" in request:
        yield from _of_programs(judging, request)
    else:
        for rule, verdicts in judging.judge_fleet(request["now"], request["only"]):
            yield [rule, [[server, verdict_as_json(verdicts[server])] for server in verdicts]]
            allow_processor(processor)


def _of_programs(judging: Judging, request: dict[str, Any]) -> Iterator[Any]:
    if request["do"] == "sightings":
        for rule, kind in judging.relevance.kinds():
            yield [rule, *kind]
        return
    if request["do"] == "tags":
        yield judging.relevance.of_tags(request["programs"])
        return
    if request["do"] == "relevant":
        kthreadd, threads, rules = judging.relevance.of_programs(request["programs"])
        yield kthreadd, threads, {rule: [*seen] for rule, seen in rules.items()}
        return
    for some in _in_lists(judging.sweep(request["programs"], request["steps"])):
        yield some
        allow_processor(request["processor"])


def _in_lists(found: Iterator[dict[str, Verdict]]) -> Iterator[list[dict[str, Any] | None]]:
    """The verdicts at many reports at once, null where they are the same as before."""
    last: dict[str, Verdict] | None = None
    answers: list[dict[str, Any] | None] = []
    findings, began = 0, time.monotonic()
    for verdicts in found:
        answers.append(None if verdicts is last else _as_json(verdicts))
        if verdicts is not last:
            findings += sum(len(verdict.findings) for verdict in verdicts.values())
        last = verdicts
        if findings > _MOST_FINDINGS or time.monotonic() - began > _MOST_SECONDS:
            yield answers
            answers, findings, began = [], 0, time.monotonic()
    yield answers


def _as_json(verdicts: dict[str, Verdict]) -> dict[str, Any]:
    return {rule: verdict_as_json(verdict) for rule, verdict in verdicts.items()}


def allow_processor(seconds: float) -> None:
    """The kernel ends this process if it takes so much more of a processor."""
    limit = math.ceil(time.process_time() + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


def drop_privileges(memory: int) -> None:
    """Gives away what this process does not need. memory: in bytes. setrlimit(2)."""
    for limit, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
    ):
        resource.setrlimit(limit, (value, value))


if __name__ == "__main__":
    sys.exit(main())
