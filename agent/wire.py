"""The wire model: the shapes that are sent, and what makes a text fit to be sent.

Version 2 has the members of version 1 and optional ones, which are left out when they are not
known.
"""

from __future__ import annotations

import json
import logging
import re
from typing import Any, TypedDict

MOST_PROCESSES = 100_000
MOST_LOGINS = 10_000
LONGEST_FACT = 512
LONGEST_NAME = 1024
LONGEST_USERNAME = 256
LONGEST_HOST = 255
LONGEST_VERSION = 64
LONGEST_PATH = 4096
LONGEST_COMMAND_LINE = 32_768
LARGEST_PID = 4_294_967_295
LARGEST_COUNT = (1 << 53) - 1
LARGEST_BODY = 8 * 1024 * 1024  # bytes; what the API takes where nobody has set another limit

_HEAVY = ("linea_comando", "ejecutable", "ppid", "inicio")
_log = logging.getLogger("agent")

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
    """What version 1 can say of a report."""
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


def told(body: bytes) -> int:
    """How many dropped reports a report tells of."""
    if b'"descartados"' not in body:
        return 0
    try:
        count = json.loads(body).get("descartados", 0)
    except (ValueError, AttributeError):
        return 0
    return count if isinstance(count, int) else 0


def id_maquina(body: bytes) -> str | None:
    """The machine that a report says it is of."""
    try:
        found = json.loads(body).get("id_maquina")
    except (ValueError, AttributeError):
        return None
    return found if isinstance(found, str) else None


def encode(document: WireReport) -> bytes:
    """As it is sent: compact, and small enough for an API with the default limit.

    Of what is optional, members of processes are left out until it fits, the longest first.
    """
    encoded = _compact(document)
    for member in _HEAVY:
        if len(encoded) <= LARGEST_BODY:
            break
        _log.warning("the report is too large to be taken; leaving %s out of it", member)
        for process in document["procesos"]:
            process.pop(member, None)  # type: ignore[misc]  # each of _HEAVY is optional
        encoded = _compact(document)
    return encoded


def _compact(document: WireReport) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def readable(document: WireReport) -> bytes:
    """The report for people: JSON, a member a line, UTF-8."""
    return json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"


def sendable(text: str, longest: int) -> str:
    r"""The text with NUL and lone surrogates written out (\x00, \xff, \ud800), cut at longest.

    JSON in UTF-8 cannot carry lone surrogates (RFC 8259, section 8.2) and the API refuses them.
    Those from U+DC80 to U+DCFF stand for single bytes that were not UTF-8 (PEP 383): they show
    that byte, so that two names that differ go on differing.
    """
    text = text[:longest]
    if _UNSENDABLE.search(text) is None:
        return text
    return _UNSENDABLE.sub(_written_out, text)[:longest]


def _written_out(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code == 0 or 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code & 0xFF:02x}"
    return f"\\u{code:04x}"


def sendable_or_none(text: str | None, longest: int) -> str | None:
    return None if text is None else sendable(text, longest)
