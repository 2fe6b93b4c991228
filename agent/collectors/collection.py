"""Runs all collectors, each within a deadline."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from agent.collectors import (
    address,
    boot,
    host,
    identity,
    logins,
    operating_system,
    processes,
    processor,
)
from agent.collectors.deadline import NoAnswerError, answer
from agent.collectors.logins import Logins
from agent.collectors.operating_system import OperatingSystem
from agent.collectors.processor import Processor

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.collectors.address import Target
    from agent.machine import Machine

UNKNOWN = "unknown"
# The whole collection takes 30 s at most: the processes, then the other facts one by one. Each of
# them has at least a moment, which suffices for a file, so that one that hangs costs only itself.
PROCESSES_SECONDS = 16.0
WHOLE_SECONDS = 28.0
FACT_SECONDS = 7.0  # more than the tools have that some of them run
_MOMENT_SECONDS = 0.2
_log = logging.getLogger("agent")


class Context(NamedTuple):
    """What the collectors need.

    target: the API; the report contains the local address of the route to it
    command_lines: whether to report the command lines of processes
    boot_note: a file that remembers the boot time between runs, see collectors/boot.py
    """

    machine: Machine
    target: Target | None = None
    command_lines: bool = False
    boot_note: str | None = None


class Collector(NamedTuple):
    """A subject of the report.

    fallback: the value if reading it fails
    """

    subject: str
    fallback: Any
    function: Callable[[Context], Any]

    def collect(self, context: Context, end: float | None = None) -> Any:  # noqa: ANN401 — each has its own type
        """end: by time.monotonic(), of the whole collection"""
        seconds = FACT_SECONDS
        if end is not None:
            seconds = max(_MOMENT_SECONDS, min(seconds, end - time.monotonic()))
        try:
            return answer(self.subject, lambda: self.function(context), seconds)
        except NoAnswerError as error:
            _log.warning("%s; continuing without", error)
        except Exception as error:  # noqa: BLE001 — no error loses the rest of the report
            kind = type(error).__name__
            _log.warning("cannot read %s, continuing without: %s: %s", self.subject, kind, error)
        return self.fallback


# The functions are looked up in their modules at each call.
COLLECTORS = {
    "id_maquina": Collector(
        "the machine's identity", None, lambda context: identity.collect(context.machine)
    ),
    "nombre_host": Collector("the host name", None, lambda context: host.name(context.machine)),
    "id_arranque": Collector(
        "the boot's identity", None, lambda context: boot.boot_id(context.machine)
    ),
    "nucleo": Collector("the kernel", None, lambda context: host.kernel(context.machine)),
    "operating_system": Collector(
        "the operating system",
        OperatingSystem(UNKNOWN, UNKNOWN),
        lambda context: operating_system.collect(context.machine),
    ),
    "processor": Collector(
        "the processor",
        Processor(UNKNOWN, UNKNOWN),
        lambda context: processor.collect(context.machine),
    ),
    "address": Collector(
        "the address", "127.0.0.1", lambda context: address.collect(context.target)
    ),
    "logins": Collector(
        "the logins", Logins("desconocida", []), lambda context: logins.collect(context.machine)
    ),
}


def collect(context: Context) -> dict[str, Any]:
    """The facts by the names in COLLECTORS, and `processes`.

    Raises NoProcessesError.
    """
    start = time.monotonic()
    # First, because without them there is no report.
    running = processes.collect(
        context.machine,
        command_lines=context.command_lines,
        boot_note=context.boot_note,
        deadline=start + PROCESSES_SECONDS,
    )
    end = start + WHOLE_SECONDS
    facts = {name: collector.collect(context, end) for name, collector in COLLECTORS.items()}
    return {"processes": running, **facts}
