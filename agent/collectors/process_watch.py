"""Reads all processes in a thread, and continues without a read that does not return.

The command line of a process is read from its memory, and waits for a lock that the process may
hold while it hangs in the kernel itself.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import NamedTuple

from agent.collectors.command_line import CommandLineLimit
from agent.collectors.deadline import answer
from agent.collectors.proc_reader import EVERY_PROCESS, Reader, Row, process_ids

STUCK_SECONDS = 1.5
# If only so much time is left, or so many reads are stuck, the risky files are no longer read.
RESERVE_SECONDS = 4.0
MOST_STUCK = 5
_RISKY = {(EVERY_PROCESS, "cmdline"), (EVERY_PROCESS, "exe")}
_stuck: dict[tuple[str, int, str], _Reading] = {}
_log = logging.getLogger("agent")


class Processes(NamedTuple):
    """command_line_bytes: the limit at which the command lines were cut"""

    rows: list[Row]
    command_line_bytes: int


class _Reading(threading.Thread):
    """Reads the given processes, until it is abandoned."""

    def __init__(self, reader: Reader, pids: list[int]) -> None:
        super().__init__(name="processes", daemon=True)
        self.reader = reader
        self.rows: list[Row] = []
        self.abandoned = False
        self.limit = CommandLineLimit()
        self._pids = pids

    def run(self) -> None:
        for pid in self._pids:
            try:
                row = self.reader.read(pid)
            except Exception:  # noqa: BLE001 — an error costs the facts of one process
                row = Row(pid, None, None)
            if self.abandoned:
                return
            if row is not None:
                self.limit.add(row, self.rows)


def read_all(procfs: str, *, command_lines: bool = False, deadline: float) -> Processes:
    """All processes, in the order of their ids.

    deadline: by time.monotonic(); processes that are not read by then have their id only

    Raises OSError if the folder cannot be read, and NoAnswerError if it gives no answer.
    """
    rest = answer("the list of processes", lambda: process_ids(procfs), deadline - time.monotonic())
    skipped = _still_stuck(procfs)
    limit = CommandLineLimit()
    rows: list[Row] = []
    while rest:
        if len(skipped) >= MOST_STUCK or deadline - time.monotonic() < RESERVE_SECONDS:
            skipped |= _RISKY
        reading = _Reading(
            Reader(procfs, command_lines=command_lines, skipped=frozenset(skipped)), rest
        )
        stuck = _watch(reading, deadline)
        limit.lower(reading.limit.bytes, rows)
        for row in list(reading.rows):
            if stuck is None or row.pid < stuck[0]:
                limit.add(row, rows)
        if stuck is None:
            break
        reading.abandoned = True
        pid, file = stuck
        rest = [later for later in rest if later >= pid]
        if time.monotonic() >= deadline:
            _log.warning("not all processes were read in time: %d have their id only", len(rest))
            rows += [Row(later, None, None) for later in rest]
            break
        _log.warning("no answer from %s/%d/%s, continuing without", procfs, pid, file)
        _stuck[procfs, pid, file] = reading
        skipped.add(stuck)
    return Processes(rows, limit.bytes)


def _still_stuck(procfs: str) -> set[tuple[int, str]]:
    """The reads of earlier reports that have not returned; they are not repeated."""
    for key, reading in list(_stuck.items()):
        if not reading.is_alive():
            del _stuck[key]
    return {(pid, file) for folder, pid, file in _stuck if folder == procfs}


def _watch(reading: _Reading, deadline: float) -> tuple[int, str] | None:
    """The read that does not return, or that is going on at the deadline; None at the end."""
    try:
        reading.start()
    except RuntimeError:  # the system allows no more threads
        reading.run()
        return None
    seen = None
    while True:
        reading.join(max(0.0, min(STUCK_SECONDS, deadline - time.monotonic())))
        if not reading.is_alive():
            return None
        at = reading.reader.at
        if at is seen or time.monotonic() >= deadline:
            return at
        seen = at
