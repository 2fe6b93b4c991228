"""When the machine started, so steadily that processes keep their start from report to report.

The kernel says it in whole seconds of the clock (btime in /proc/stat, proc(5)): the clock's time
less the time since the start. It stays the same while the clock is only sped up or slowed down,
and moves when the clock is set; then every process would seem to have started at another moment.
So the first value of a start of the machine (its boot_id, random(4)) is noted and goes on
counting, until the clock is set by more than a minute: then it was wrong before.
"""

# ruff: noqa: PTH119, PTH120
from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from agent.machine import read_text
from agent.state.atomic_write import write_file

if TYPE_CHECKING:
    from agent.machine import Machine

MAX_CLOCK_STEP_SECONDS = 60
_MAX_STAT_BYTES = 4 << 20  # a line for every interrupt stands before btime
_noted: dict[str, int] = {}


class Boot:
    """The start of a machine; note: a file that remembers it between runs of the agent."""

    def __init__(self, machine: Machine, note: str | None) -> None:
        self._ticks_a_second = os.sysconf("SC_CLK_TCK")
        try:
            said = parse_btime(read_text(machine.proc("stat"), _MAX_STAT_BYTES))
        except OSError:  # a copied tree without it
            said = None
        self._started = None if said is None else _steady(said, _boot_id(machine), note)

    def moment(self, ticks: int) -> int | None:
        """Whole seconds since 1970, so many ticks after the start."""
        return None if self._started is None else self._started + ticks // self._ticks_a_second


def parse_btime(stat: str) -> int | None:
    for line in stat.split("\n"):
        if line.startswith("btime "):
            value = line[len("btime ") :].strip()
            return int(value) if value.isdecimal() else None
    return None


def _boot_id(machine: Machine) -> str:
    try:
        return read_text(machine.proc("sys/kernel/random/boot_id"), 64).strip()
    except OSError:
        return ""


def _steady(said: int, boot_id: str, note: str | None) -> int:
    if not boot_id:
        return said
    before = _noted.get(boot_id)
    if before is None and note is not None:
        before = _read_note(note, boot_id)
    if before is None or abs(said - before) > MAX_CLOCK_STEP_SECONDS:
        before = said
        if note is not None:
            # Where it cannot be kept, a clock that is set between two runs shows.
            with contextlib.suppress(OSError):
                write_file(
                    os.path.dirname(note),
                    os.path.basename(note),
                    b"%s %d\n" % (boot_id.encode(), said),
                )
    _noted.clear()
    _noted[boot_id] = before
    return before


def _read_note(note: str, boot_id: str) -> int | None:
    try:
        words = read_text(note, 128).split()
    except OSError:
        return None
    return (
        int(words[1]) if len(words) == 2 and words[0] == boot_id and words[1].isdecimal() else None
    )
