"""Tells which running process a process of a new report is.

A process goes on if the next report has a process with its number, name, user and start. The start
is compared in clock ticks since the boot where both reports have those, because the wall clock may
have been set between them. Ticks of two boots are never the same start. Where either report lacks
the ticks, the times of the start are compared, so that the upgrade of an agent ends no process.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from typing import Any

from service.report import Process, Report

# A process whose ticks are known: pid, name, username, null, ticks. The time of its start is no
# part of the key.
TickedProcess = tuple[int, str | None, str | None, None, int]
ProcessKey = Process | TickedProcess
StartedKey = tuple[tuple[Any, ...], int | None]  # a ProcessKey, and the time of the start

_PLAIN = ("pid", "name", "username", "started_at")


def key_of(process: Process, ticks: int | None) -> ProcessKey:
    """Equal keys in consecutive reports of one boot are the same process."""
    pid, name, username, _ = process
    return process if ticks is None else (pid, name, username, None, ticks)


def keys_of(report: Report) -> Sequence[ProcessKey]:
    if not report.process_ticks:
        return report.processes
    return [key_of(*each) for each in zip(report.processes, report.process_ticks, strict=True)]


def ticks_of(key: tuple[Any, ...]) -> int | None:
    """The ticks of a ProcessKey."""
    return key[4] if len(key) > len(_PLAIN) else None


def pairs_by_time(ended: Sequence[StartedKey], appeared: Sequence[StartedKey]) -> dict[int, int]:
    """The processes that go on although only one of two reports has their ticks.

    Returns indexes of ended by indexes of appeared. Of equal processes, the first are paired.
    """
    waiting: defaultdict[tuple[object, ...], deque[int]] = defaultdict(deque)
    for at, (key, started_at) in enumerate(ended):
        waiting[*key[:3], started_at, ticks_of(key) is None].append(at)
    pairs = {}
    for at, (key, started_at) in enumerate(appeared):
        others = waiting.get((*key[:3], started_at, ticks_of(key) is not None))
        if others:
            pairs[at] = others.popleft()
    return pairs
