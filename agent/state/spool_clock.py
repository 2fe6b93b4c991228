"""The clock of the spool: numbers and ages reports independently of the time of day.

The time of day can be wrong by weeks for one run, and may be set back. This clock counts the
microseconds for which the machine has run since the spool was created. It is kept in the file
`clock`, with the boot and its uptime at that moment. Time between two boots is not counted: only
the time of day could tell it.
"""

# ruff: noqa: PTH118
from __future__ import annotations

import contextlib
import json
import os
import time
from typing import Any, NamedTuple

from agent.machine import read_text
from agent.state.atomic_write import write_file

NAME = "clock"
_MAX_BYTES = 4096
_MAX_NUMBER = 10**18


class _Reading(NamedTuple):
    """The number of the newest report, and the boot and the uptime (microseconds) it was given."""

    number: int
    boot: str
    uptime: int


class SpoolClock:
    """The clock of a spool, whose lock the caller holds."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def now(self, newest: int) -> int:
        """The microseconds counted so far.

        newest: the greatest number in the spool, from which the clock continues if its file is
            missing or damaged
        """
        last = self._read()
        boot, uptime = boot_id(), uptime_microseconds()
        if last is None:
            return newest
        if boot and last.boot and boot != last.boot:
            passed = uptime
        elif uptime >= last.uptime:
            passed = uptime - last.uptime
        else:  # without a boot id, the machine has booted; else it is a restored snapshot
            passed = 0 if boot else uptime
        return max(newest, last.number + passed)

    def next(self, newest: int) -> int:
        """A number for a new report, greater than all before; not less than now()."""
        number = self.now(newest) + 1
        reading = _Reading(number, boot_id(), uptime_microseconds())
        # Without the file, the clock continues from the newest report.
        with contextlib.suppress(OSError):
            write_file(self._folder, NAME, json.dumps(reading._asdict()).encode())
        return number

    def _read(self) -> _Reading | None:
        try:
            found: Any = json.loads(read_text(os.path.join(self._folder, NAME), _MAX_BYTES))
            reading = _Reading(found["number"], found["boot"], found["uptime"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        numbers = (reading.number, reading.uptime)
        is_valid = all(type(each) is int and 0 <= each <= _MAX_NUMBER for each in numbers)
        return reading if is_valid and isinstance(reading.boot, str) else None


def boot_id() -> str:
    """The present boot of the kernel, see random(4); empty where there is none."""
    try:
        return read_text("/proc/sys/kernel/random/boot_id", 64).strip()
    except OSError:
        return ""


def uptime_microseconds() -> int:
    """The time since the boot, with time asleep where /proc/uptime exists, see proc(5)."""
    try:
        return int(float(read_text("/proc/uptime", 64).split()[0]) * 1_000_000)
    except (OSError, ValueError, IndexError):
        return time.monotonic_ns() // 1000
