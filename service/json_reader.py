"""Reads JSON strictly: what two readers could understand differently is refused.

orjson refuses NaN, infinities, numbers past the range of a double, lone surrogates, bad UTF-8,
a byte order mark and nesting past 1,024. It accepts duplicate members (keeping the last), which
is found here, and turns integers past 64 bits into floats, which every schema of ours bounds out.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

import orjson

from service.errors import Fault, InvalidReportError

_ESCAPE = re.compile(rb"\\.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON document, and a digest that is the same however its members and spaces stand."""

    value: object
    digest: bytes  # 16 bytes


def read_json(raw: bytes) -> Document:
    """The document that these bytes spell. Raises InvalidReportError."""
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
    return Document(value, hashlib.sha256(canonical).digest()[:16])


def _quotes(text: bytes) -> int:
    if b"\\" in text:
        text = _ESCAPE.sub(b"", text)
    return text.count(b'"')
