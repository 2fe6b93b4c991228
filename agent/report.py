"""The report: runs the collectors and builds the document of the wire model, version 1."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

from agent.collectors import address, clock, logins, operating_system, processes, processor
from agent.collectors.operating_system import OperatingSystem
from agent.collectors.processor import Processor
from agent.wire import (
    LARGEST_PID,
    LONGEST_FACT,
    LONGEST_NAME,
    LONGEST_USERNAME,
    MOST_LOGINS,
    MOST_PROCESSES,
    WireReport,
    sendable,
    sendable_or_none,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.collectors.address import Target
    from agent.collectors.logins import Login
    from agent.collectors.processes import Process
    from agent.machine import Machine

_T = TypeVar("_T")
_UNKNOWN = "unknown"
_log = logging.getLogger("agent")


def build(
    machine: Machine,
    target: Target | None,
    linea_comando: bool = False,  # noqa: ARG001
) -> WireReport:
    """The report of a machine, whole whatever fails: what is not known is empty or "unknown".

    target: where the report will go; the address in it is the one that leads there.
    """
    moment = clock.collect()
    return document(
        _collected(
            "the processor", Processor(_UNKNOWN, _UNKNOWN), lambda: processor.collect(machine)
        ),
        _collected("the processes", [], lambda: processes.collect(machine)),
        _collected("the logins", [], lambda: logins.collect(machine)),
        _collected(
            "the operating system",
            OperatingSystem(_UNKNOWN, _UNKNOWN),
            lambda: operating_system.collect(machine),
        ),
        _collected("the address", "127.0.0.1", lambda: address.collect(target)),
        moment,
    )


def _collected(subject: str, otherwise: _T, collect: Callable[[], _T]) -> _T:
    try:
        return collect()
    except Exception as error:  # noqa: BLE001 — whatever happens, the other facts are reported
        _log.warning(
            "could not read %s, going on without: %s: %s", subject, type(error).__name__, error
        )
        return otherwise


def document(  # noqa: PLR0913, PLR0917 — one parameter a subject, in the order of the wire model
    cpu: Processor,
    running: list[Process],
    logged_in: list[Login],
    system: OperatingSystem,
    ipaddress: str,
    fecha_hora: str,
) -> WireReport:
    """The eight members, every text fit to be sent and all within the bounds of the schema."""
    return {
        "arquitectura_proc": _fact(cpu.architecture),
        "marca_proc": _fact(cpu.brand),
        "procesos": [
            {
                "username": sendable_or_none(process.user, LONGEST_USERNAME),
                "pid": process.pid,
                "name": sendable_or_none(process.name, LONGEST_NAME),
            }
            for process in _at_most(MOST_PROCESSES, running, "processes")
        ],
        "usuarios_activos": [
            {
                "pid": login.pid if _is_pid(login.pid) else None,
                "name": sendable(login.user, LONGEST_USERNAME),
            }
            for login in _at_most(MOST_LOGINS, logged_in, "logins")
        ],
        "nombre_so": _fact(system.name),
        "version_so": _fact(system.version),
        "ipaddress": ipaddress,
        "fecha_hora": fecha_hora,
    }


def _fact(text: str) -> str:
    return sendable(text, LONGEST_FACT) or _UNKNOWN


def _is_pid(pid: int | None) -> bool:
    return pid is not None and 0 <= pid <= LARGEST_PID


def _at_most(most: int, items: list[_T], what: str) -> list[_T]:
    if len(items) > most:
        _log.warning(
            "%d %s are more than a report may hold; the first %d are in it", len(items), what, most
        )
    return items[:most]
