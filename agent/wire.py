"""The wire model: the types of a report, its limits and its encoding.

Version 2 adds optional members to version 1. Unknown values are omitted.
"""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from collections.abc import Collection

MAX_PROCESSES = 100_000
MAX_LOGINS = 10_000
MAX_FACT_LENGTH = 512
MAX_NAME_LENGTH = 1024
MAX_USERNAME_LENGTH = 256
MAX_HOST_LENGTH = 255
LONGEST_VERSION = 64
MAX_PATH_LENGTH = 4096
MAX_COMMAND_LINE_LENGTH = 32_768
MIN_COMMAND_LINE_LENGTH = 64  # shorter ones are omitted
MAX_PID = 4_294_967_295
MAX_COUNT = (1 << 53) - 1
MAX_BODY_BYTES = 8 * 1024 * 1024  # the default limit of the API

# The members of processes to omit from a report that is too large, in this order.
_OMITTED_FIRST = ("linea_comando", "ejecutable", "ppid", "inicio", "inicio_ticks")
_log = logging.getLogger("agent")

# Members that version 2 gained after release 0.1.0, or that gained a value: an older API may
# refuse them.
LATER_MEMBERS = frozenset({"fuente_usuarios", "id_arranque", "inicio_ticks"})
_VERSION_1 = (
    "arquitectura_proc",
    "marca_proc",
    "procesos",
    "usuarios_activos",
    "nombre_so",
    "version_so",
    "ipaddress",
    "fecha_hora",
)
_PROCESS_1 = ("username", "pid", "name")
_LOGIN_1 = ("pid", "name")
_UNSENDABLE = re.compile("[\x00\ud800-\udfff]")


class _ProcessInVersion2(TypedDict, total=False):
    ppid: int
    inicio: str
    inicio_ticks: int
    ejecutable: str
    linea_comando: str


class WireProcess(_ProcessInVersion2):
    username: str | None
    pid: int
    name: str | None


class _LoginInVersion2(TypedDict, total=False):
    terminal: str
    origen: str
    desde: str


class WireLogin(_LoginInVersion2):
    pid: int | None
    name: str | None


class _ReportInVersion2(TypedDict, total=False):
    version_esquema: int
    id_maquina: str
    nombre_host: str
    nucleo: str
    version_agente: str
    fuente_usuarios: str
    descartados: int
    id_arranque: str


class WireReport(_ReportInVersion2):
    arquitectura_proc: str
    marca_proc: str
    procesos: list[WireProcess]
    usuarios_activos: list[WireLogin]
    nombre_so: str
    version_so: str
    ipaddress: str
    fecha_hora: str


def version_1(document: WireReport) -> WireReport:
    """The report reduced to the members of version 1."""
    plain: Any = {member: document[member] for member in _VERSION_1}  # type: ignore[literal-required]
    plain["procesos"] = [
        {member: row[member] for member in _PROCESS_1}  # type: ignore[literal-required]
        for row in document["procesos"]
    ]
    plain["usuarios_activos"] = [
        {member: row[member] for member in _LOGIN_1}  # type: ignore[literal-required]
        for row in document["usuarios_activos"]
    ]
    found: WireReport = plain
    return found


def without(document: WireReport, members: Collection[str]) -> WireReport:
    """A copy of the report without these members, also of its processes and logins."""

    def kept(item: Any) -> Any:  # noqa: ANN401 — the report, a process or a login
        return {name: value for name, value in item.items() if name not in members}

    copy: Any = kept(document)
    for rows in ("procesos", "usuarios_activos"):
        copy[rows] = [kept(row) for row in copy[rows]]
    found: WireReport = copy
    return found


def with_dropped_count(document: WireReport, dropped: int) -> WireReport:
    """A copy of the report that counts so many dropped reports; 0 is omitted."""
    copy = document.copy()
    if dropped:
        copy["descartados"] = dropped
    return copy


def dropped_count(body: bytes) -> int:
    """The number of dropped reports that a report counts."""
    if b'"descartados"' not in body:
        return 0
    try:
        count = json.loads(body).get("descartados", 0)
    except (ValueError, AttributeError):
        return 0
    return count if isinstance(count, int) else 0


def id_maquina(body: bytes) -> str | None:
    """The identity of the machine in a report."""
    try:
        found = json.loads(body).get("id_maquina")
    except (ValueError, AttributeError):
        return None
    return found if isinstance(found, str) else None


def encode(document: WireReport) -> bytes:
    """The JSON to send, compact and at most MAX_BODY_BYTES long.

    Until it fits, the longest command lines are cut, and then optional members of the processes are
    omitted.
    """
    encoded = _compact(document)
    limit = MAX_COMMAND_LINE_LENGTH
    while len(encoded) > MAX_BODY_BYTES and limit > MIN_COMMAND_LINE_LENGTH:
        limit //= 2
        if _cut_command_lines(document, limit):
            encoded = _compact(document)
    for member in _OMITTED_FIRST:
        if len(encoded) <= MAX_BODY_BYTES:
            break
        _log.warning("the report is too large for the API; omitting %s", member)
        for process in document["procesos"]:
            process.pop(member, None)  # type: ignore[misc]  # each of them is optional
        encoded = _compact(document)
    return encoded


def _cut_command_lines(document: WireReport, limit: int) -> bool:
    """Whether there was one to cut."""
    longer = [row for row in document["procesos"] if len(row.get("linea_comando", "")) > limit]
    for row in longer:
        row["linea_comando"] = row["linea_comando"][:limit]
    return bool(longer)


def _compact(document: WireReport) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def readable(document: WireReport) -> bytes:
    """The report for people: indented JSON in UTF-8."""
    return json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"


def sendable(text: str, max_length: int) -> str:
    r"""The text with NUL and lone surrogates escaped (\x00, \xff, \ud800), cut at max_length.

    JSON in UTF-8 cannot carry lone surrogates (RFC 8259, section 8.2) and the API refuses them.
    U+DC80 to U+DCFF stand for bytes that are not UTF-8 (PEP 383). They are escaped as that byte,
    so different names stay different.
    """
    text = text[:max_length]
    if _UNSENDABLE.search(text) is None:
        return text
    return _UNSENDABLE.sub(_escape, text)[:max_length]


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code == 0 or 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code & 0xFF:02x}"
    return f"\\u{code:04x}"


def sendable_or_none(text: str | None, max_length: int) -> str | None:
    return None if text is None else sendable(text, max_length)
