"""The report: runs the collectors and builds the document of the wire model, version 2."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from agent import __version__
from agent.collectors import clock, collection
from agent.collectors.collection import COLLECTORS, UNKNOWN, Context
from agent.wire import (
    MAX_COMMAND_LINE_LENGTH,
    MAX_COUNT,
    MAX_FACT_LENGTH,
    MAX_HOST_LENGTH,
    MAX_LOGINS,
    MAX_NAME_LENGTH,
    MAX_PATH_LENGTH,
    MAX_PID,
    MAX_PROCESSES,
    MAX_USERNAME_LENGTH,
    WireLogin,
    WireProcess,
    WireReport,
    sendable,
    sendable_or_none,
)

if TYPE_CHECKING:
    from datetime import datetime

    from agent.collectors.address import Target
    from agent.collectors.logins import Login
    from agent.collectors.operating_system import OperatingSystem
    from agent.collectors.processes import Process
    from agent.collectors.processor import Processor
    from agent.machine import Machine

_T = TypeVar("_T")
_log = logging.getLogger("agent")


class Identity(NamedTuple):
    """The identifier of a machine and its host name; None if unknown."""

    id_maquina: str | None
    nombre_host: str | None


def build(
    machine: Machine,
    target: Target | None,
    *,
    command_lines: bool = False,
    boot_note: str | None = None,
) -> WireReport:
    """The report of a machine, within 30 seconds; unknown facts are empty or "unknown".

    See Context for the parameters. Raises NoProcessesError: a report would say that nothing runs.
    """
    facts = collection.collect(Context(machine, target, command_lines, boot_note))
    moment = clock.collect()  # now, so that no process in the report starts after it
    found = document(
        facts["processor"],
        facts["processes"],
        facts["logins"].logins,
        facts["operating_system"],
        facts["address"],
        moment,
    )
    found["version_esquema"] = 2
    found["version_agente"] = __version__
    if facts["logins"].source is not None:
        found["fuente_usuarios"] = facts["logins"].source
    own = _identity(facts["id_maquina"], facts["nombre_host"])
    if own.id_maquina:
        found["id_maquina"] = own.id_maquina
    if own.nombre_host:
        found["nombre_host"] = own.nombre_host
    if facts["id_arranque"]:
        found["id_arranque"] = facts["id_arranque"]
    if facts["nucleo"]:
        found["nucleo"] = sendable(facts["nucleo"], MAX_HOST_LENGTH)
    return found


def identify(machine: Machine) -> Identity:
    context = Context(machine)
    return _identity(
        COLLECTORS["id_maquina"].collect(context), COLLECTORS["nombre_host"].collect(context)
    )


def _identity(id_maquina: str | None, nombre_host: str | None) -> Identity:
    return Identity(
        id_maquina or None, sendable(nombre_host, MAX_HOST_LENGTH) if nombre_host else None
    )


def document(  # noqa: PLR0913, PLR0917 — one parameter a subject, in the order of the wire model
    cpu: Processor,
    running: list[Process],
    logged_in: list[Login],
    system: OperatingSystem,
    ipaddress: str,
    moment: datetime,
) -> WireReport:
    """The members of version 1 and the optional ones of each row, within the limits of the schema.

    Texts are made sendable. Unknown optional members are omitted, and so are times after the
    report: the clock was set back, or a container shows the ticks of its host.
    """
    latest = int(moment.timestamp())
    return {
        "arquitectura_proc": _fact(cpu.architecture),
        "marca_proc": _fact(cpu.brand),
        "procesos": [
            _process(process, latest) for process in _at_most(MAX_PROCESSES, running, "processes")
        ],
        "usuarios_activos": [
            _login(login, latest) for login in _at_most(MAX_LOGINS, logged_in, "logins")
        ],
        "nombre_so": _fact(system.name),
        "version_so": _fact(system.version),
        "ipaddress": ipaddress,
        "fecha_hora": clock.as_text(moment),
    }


def _process(process: Process, latest: int) -> WireProcess:
    row: WireProcess = {
        "username": sendable_or_none(process.user, MAX_USERNAME_LENGTH),
        "pid": process.pid,
        "name": sendable_or_none(process.name, MAX_NAME_LENGTH),
    }
    ppid = _pid(process.parent)
    if ppid is not None:
        row["ppid"] = ppid
    inicio = _moment(process.started, latest)
    if inicio is not None:
        row["inicio"] = inicio
    ticks = process.started_ticks
    if ticks is not None and ticks <= MAX_COUNT:
        row["inicio_ticks"] = ticks
    if process.executable:
        row["ejecutable"] = sendable(process.executable, MAX_PATH_LENGTH)
    if process.command_line:
        row["linea_comando"] = sendable(process.command_line, MAX_COMMAND_LINE_LENGTH)
    return row


def _login(login: Login, latest: int) -> WireLogin:
    row: WireLogin = {
        "pid": _pid(login.pid),
        "name": sendable(login.user, MAX_USERNAME_LENGTH),
    }
    if login.terminal:
        row["terminal"] = sendable(login.terminal, MAX_HOST_LENGTH)
    if login.origin:
        row["origen"] = sendable(login.origin, MAX_HOST_LENGTH)
    desde = _moment(login.since, latest)
    if desde is not None:
        row["desde"] = desde
    return row


def _moment(seconds: int | None, latest: int) -> str | None:
    return None if seconds is None or seconds > latest else clock.as_seconds(seconds)


def _fact(text: str) -> str:
    return sendable(text, MAX_FACT_LENGTH) or UNKNOWN


def _pid(pid: int | None) -> int | None:
    return pid if pid is not None and 0 <= pid <= MAX_PID else None


def _at_most(limit: int, items: list[_T], kind: str) -> list[_T]:
    if len(items) > limit:
        _log.warning(
            "%d %s exceed the limit of a report; reporting the first %d", len(items), kind, limit
        )
    return items[:limit]
