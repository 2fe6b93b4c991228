"""Strict JSON: refuses any text that two parsers could read differently.

orjson refuses NaN, infinities, numbers past the range of a double, lone surrogates, bad UTF-8,
a byte order mark and nesting past 1,024. It accepts duplicate members (and keeps the last), which
this module detects, and turns integers past 64 bits into floats, which our schemas exclude.

Eight mebibytes of `[],[],` cost ten times the time and memory of a report of that length. A text
with more structure than any report is therefore refused before it is parsed.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

import orjson

from service.errors import Fault, InvalidReportError

_PIECE = 64 * 1024  # bytes
_TOO_LARGE = 1e16
# How orjson writes a float that is an integer below _TOO_LARGE. No report has a greater number.
_INTEGRAL_FLOAT = re.compile(rb"\.0[],}]")
_NOT_STRUCTURE = bytes(set(range(256)) - set(b'[{,"'))


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON document, and a digest that does not depend on its spelling.

    The order of members, spaces, and 1.0 for the integer 1 (as Lua writes it) are spelling.
    """

    value: object  # with integers for floats such as 1.0
    digest: bytes  # 16 bytes
    spelled_digest: bytes | None = None  # with such floats as they were sent, if there are any


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much structure a document may have."""

    containers: int  # lists and objects
    commas: int  # outside of texts

    def hold(self, text: bytes) -> bool:
        return len(text) <= min(self.containers, self.commas) or (
            text.count(b"[") + text.count(b"{") <= self.containers
            and text.count(b",") <= self.commas
        )


def read_json(raw: bytes, bounds: Bounds | None = None) -> Document:
    """The document that these bytes spell. Raises InvalidReportError."""
    # First including the texts, which is quick and settles nearly every case.
    if bounds and not bounds.hold(raw) and not bounds.hold(_structure(raw)):
        raise InvalidReportError(
            Fault(
                "",
                f"expected at most {bounds.containers} lists and objects and {bounds.commas}"
                " commas outside of texts, as many as a report can have, got more",
            )
        )
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise InvalidReportError(
            Fault("", f"expected a JSON document in UTF-8: {error}"[:200])
        ) from error
    try:
        canonical = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        raise InvalidReportError(
            Fault("", "expected a JSON document nested less than 255 deep, got a deeper one")
        ) from error
    # Reading keeps every string but the names (and the texts) of members that a later one of the
    # same name replaced. So both spellings hold the same number of strings, or one was lost.
    if _quotes(raw) != _quotes(canonical):
        raise InvalidReportError(
            Fault("", "expected each member of an object once, got one more than once")
        )
    spelled_digest = _digest(canonical)
    if not _INTEGRAL_FLOAT.search(canonical):  # or a text looks like one
        return Document(value, spelled_digest)
    value = _with_integers(value)
    digest = _digest(orjson.dumps(value, option=orjson.OPT_SORT_KEYS))
    return Document(value, digest, None if digest == spelled_digest else spelled_digest)


def _digest(canonical: bytes) -> bytes:
    return hashlib.sha256(canonical).digest()[:16]


def _with_integers(value: object) -> object:
    """The value with an integer for each float that equals one."""
    if isinstance(value, dict):
        return {member: _with_integers(inner) for member, inner in value.items()}
    if isinstance(value, list):
        return [_with_integers(inner) for inner in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < _TOO_LARGE:
        return int(value)
    return value


def _structure(raw: bytes) -> bytes:
    """The brackets, braces and commas outside of texts; arbitrary if the input is no JSON."""
    # Two quotes that meet are one text's end and the next one's start, or a text without
    # structure: without them, every other byte is within or outside of texts as it was before.
    marks = _unescaped(raw).translate(None, _NOT_STRUCTURE).replace(b'""', b"")
    outside, within = [], 0
    for at in range(0, len(marks), _PIECE):  # so that the list of texts is never a long one
        texts = marks[at : at + _PIECE].split(b'"')
        outside.append(b"".join(texts[within::2]))
        within = (within + len(texts) - 1) % 2
    return b"".join(outside)


def _quotes(raw: bytes) -> int:
    return _unescaped(raw).count(b'"')


def _unescaped(raw: bytes) -> bytes:
    """Without escaped quotes and backslashes, so that each quote begins or ends a text."""
    if b"\\" not in raw:
        return raw
    return raw.replace(b"\\\\", b"").replace(b'\\"', b"")
