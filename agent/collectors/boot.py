"""The boot time of the machine, stable between reports, from which process starts are computed.

The kernel gives it in whole seconds of the clock (btime in /proc/stat, proc(5)): the clock minus
the uptime. It is stable while the clock is only slewed, and moves when the clock is set; then
every process would seem to have started at another moment. So the first value of each boot
(boot_id, random(4)) is kept in a note, until the clock is set by more than a minute: then it was
wrong before.

A pause of the machine moves btime as well. The boot and the start of a process in clock ticks do
not move with the clock at all; the report has both, for an API that knows them.
"""

# ruff: noqa: PTH119, PTH120
from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING

from agent.machine import read_text
from agent.state.atomic_write import write_file

if TYPE_CHECKING:
    from agent.machine import Machine

MAX_CLOCK_STEP_SECONDS = 60
_MAX_STAT_BYTES = 4 << 20  # a line for every interrupt precedes btime
_BOOT_ID = re.compile(r"[0-9A-Za-z._:-]{1,64}")
_remembered: dict[str, int] = {}


class Boot:
    """The boot of a machine.

    note: a file that keeps the boot time between runs of the agent
    """

    def __init__(self, machine: Machine, note: str | None) -> None:
        self._ticks_per_second = os.sysconf("SC_CLK_TCK")
        try:
            btime = parse_btime(read_text(machine.proc("stat"), _MAX_STAT_BYTES))
        except OSError:  # missing in a copied tree
            btime = None
        self._time = None if btime is None else _stable_time(btime, boot_id(machine), note)

    def moment(self, ticks: int) -> int | None:
        """Whole seconds since 1970, so many clock ticks after the boot."""
        return None if self._time is None else self._time + ticks // self._ticks_per_second


def parse_btime(stat: str) -> int | None:
    for line in stat.split("\n"):
        if line.startswith("btime "):
            value = line[len("btime ") :].strip()
            return int(value) if value.isdecimal() else None
    return None


def boot_id(machine: Machine) -> str | None:
    """The identifier of this boot; None if it is unknown, as in a copied tree."""
    try:
        found = read_text(machine.proc("sys/kernel/random/boot_id"), 64).strip()
    except OSError:
        return None
    return found if _BOOT_ID.fullmatch(found) else None


def _stable_time(btime: int, boot: str | None, note: str | None) -> int:
    """The first btime of this boot, unless the clock has been set by more than a minute."""
    if boot is None:
        return btime
    first = _remembered.get(boot)
    if first is None and note is not None:
        first = _read_note(note, boot)
    if first is None or abs(btime - first) > MAX_CLOCK_STEP_SECONDS:
        first = btime
        if note is not None:
            # Without the note, setting the clock between two runs moves the process starts.
            with contextlib.suppress(OSError):
                write_file(
                    os.path.dirname(note),
                    os.path.basename(note),
                    b"%s %d\n" % (boot.encode(), btime),
                )
    _remembered.clear()
    _remembered[boot] = first
    return first


def _read_note(note: str, boot: str) -> int | None:
    try:
        words = read_text(note, 128).split()
    except OSError:
        return None
    return int(words[1]) if len(words) == 2 and words[0] == boot and words[1].isdecimal() else None
