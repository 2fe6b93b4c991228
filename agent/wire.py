"""The wire model, version 1: the shapes that are sent, and what makes a text fit to be sent."""

from __future__ import annotations

import re
from typing import TypedDict

MOST_PROCESSES = 100_000
MOST_LOGINS = 10_000
LONGEST_FACT = 512
LONGEST_NAME = 1024
LONGEST_USERNAME = 256
LARGEST_PID = 4_294_967_295

_UNSENDABLE = re.compile("[\x00\ud800-\udfff]")


class WireProcess(TypedDict):
    username: str | None
    pid: int
    name: str | None


class WireLogin(TypedDict):
    pid: int | None
    name: str | None


class WireReport(TypedDict):
    arquitectura_proc: str
    marca_proc: str
    procesos: list[WireProcess]
    usuarios_activos: list[WireLogin]
    nombre_so: str
    version_so: str
    ipaddress: str
    fecha_hora: str


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
