"""The report: runs the collectors and builds the document of the wire model, version 2."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from agent import __version__
from agent.collectors import (
    address,
    clock,
    host,
    identity,
    logins,
    operating_system,
    processes,
    processor,
)
from agent.collectors.logins import Logins
from agent.collectors.operating_system import OperatingSystem
from agent.collectors.processor import Processor
from agent.wire import (
    LARGEST_PID,
    LONGEST_COMMAND_LINE,
    LONGEST_FACT,
    LONGEST_HOST,
    LONGEST_NAME,
    LONGEST_PATH,
    LONGEST_USERNAME,
    MOST_LOGINS,
    MOST_PROCESSES,
    WireLogin,
    WireProcess,
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


class Identity(NamedTuple):
    """What tells a machine from all others, and what people call it."""

    id_maquina: str | None
    nombre_host: str | None


def build(
    machine: Machine,
    target: Target | None,
    *,
    command_lines: bool = False,
    boot_note: str | None = None,
) -> WireReport:
    """The report of a machine, whole whatever fails: what is not known is empty or "unknown".

    target: where the report will go; the address in it is the one that leads there.
    command_lines: with those of the processes
    boot_note: a file that remembers the start of the machine from one run to the next
    """
    moment = clock.collect()
    source = _collected("the logins", Logins("ninguna", []), lambda: logins.collect(machine))
    found = document(
        _collected(
            "the processor", Processor(_UNKNOWN, _UNKNOWN), lambda: processor.collect(machine)
        ),
        _collected(
            "the processes",
            [],
            lambda: processes.collect(machine, command_lines=command_lines, boot_note=boot_note),
        ),
        source.logins,
        _collected(
            "the operating system",
            OperatingSystem(_UNKNOWN, _UNKNOWN),
            lambda: operating_system.collect(machine),
        ),
        _collected("the address", "127.0.0.1", lambda: address.collect(target)),
        moment,
    )
    found["version_esquema"] = 2
    found["version_agente"] = __version__
    if source.source is not None:
        found["fuente_usuarios"] = source.source
    own = identify(machine)
    if own.id_maquina:
        found["id_maquina"] = own.id_maquina
    if own.nombre_host:
        found["nombre_host"] = own.nombre_host
    nucleo = _collected("the kernel", None, lambda: host.kernel(machine))
    if nucleo:
        found["nucleo"] = sendable(nucleo, LONGEST_HOST)
    return found


def identify(machine: Machine) -> Identity:
    id_maquina = _collected("the machine's identity", None, lambda: identity.collect(machine))
    nombre_host = _collected("the host's name", None, lambda: host.name(machine))
    return Identity(
        id_maquina or None, sendable(nombre_host, LONGEST_HOST) if nombre_host else None
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
    """What the collectors found, every text fit to be sent and all within the bounds of the schema.

    What version 2 may leave out is left out when it is not known.
    """
    return {
        "arquitectura_proc": _fact(cpu.architecture),
        "marca_proc": _fact(cpu.brand),
        "procesos": [
            _process(process) for process in _at_most(MOST_PROCESSES, running, "processes")
        ],
        "usuarios_activos": [_login(login) for login in _at_most(MOST_LOGINS, logged_in, "logins")],
        "nombre_so": _fact(system.name),
        "version_so": _fact(system.version),
        "ipaddress": ipaddress,
        "fecha_hora": fecha_hora,
    }


def _process(process: Process) -> WireProcess:
    row: WireProcess = {
        "username": sendable_or_none(process.user, LONGEST_USERNAME),
        "pid": process.pid,
        "name": sendable_or_none(process.name, LONGEST_NAME),
    }
    ppid = _pid(process.parent)
    if ppid is not None:
        row["ppid"] = ppid
    inicio = clock.as_seconds(process.started)
    if inicio is not None:
        row["inicio"] = inicio
    if process.executable:
        row["ejecutable"] = sendable(process.executable, LONGEST_PATH)
    if process.command_line:
        row["linea_comando"] = sendable(process.command_line, LONGEST_COMMAND_LINE)
    return row


def _login(login: Login) -> WireLogin:
    row: WireLogin = {
        "pid": _pid(login.pid),
        "name": sendable(login.user, LONGEST_USERNAME),
    }
    if login.terminal:
        row["terminal"] = sendable(login.terminal, LONGEST_HOST)
    if login.origin:
        row["origen"] = sendable(login.origin, LONGEST_HOST)
    desde = clock.as_seconds(login.since)
    if desde is not None:
        row["desde"] = desde
    return row


def _fact(text: str) -> str:
    return sendable(text, LONGEST_FACT) or _UNKNOWN


def _pid(pid: int | None) -> int | None:
    return pid if pid is not None and 0 <= pid <= LARGEST_PID else None


def _at_most(most: int, items: list[_T], what: str) -> list[_T]:
    if len(items) > most:
        _log.warning(
            "%d %s are more than a report may hold; the first %d are in it", len(items), what, most
        )
    return items[:most]
