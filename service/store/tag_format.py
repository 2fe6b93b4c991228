"""What a tag may be: a key in lower case, and a short value."""

from __future__ import annotations

import re
from typing import NamedTuple

from service.errors import InvalidParameterError

MOST_A_SERVER = 50
LONGEST_VALUE = 200  # characters

RETIRE_AFTER = "retirar_tras"  # days of silence after which a server is retired, or "nunca"

_KEY = re.compile(r"[a-z][a-z0-9._-]{0,49}")
_DAYS = re.compile(r"[1-9][0-9]{0,3}")
_NEVER = "nunca"


class WantedTag(NamedTuple):
    """What a filter names: a key, and a value or any. Text: `entorno=produccion`, `entorno`."""

    key: str
    value: str | None

    def __str__(self) -> str:
        return self.key if self.value is None else f"{self.key}={self.value}"


def key_of(text: str, name: str = "clave") -> str:
    """The key itself. Raises InvalidParameterError, which names the parameter or column."""
    if not _KEY.fullmatch(text):
        raise InvalidParameterError(
            name,
            "expected a lower-case letter and at most 49 lower-case letters, digits and . _ -"
            f" of ASCII, got {text[:60]!r}",
        )
    return text


def value_of(text: str, name: str = "valor") -> str:
    """The value itself. Raises InvalidParameterError, likewise."""
    if not (1 <= len(text) <= LONGEST_VALUE and text.isprintable() and text == text.strip()):
        raise InvalidParameterError(
            name,
            f"expected 1 to {LONGEST_VALUE} printable characters without spaces around them,"
            f" got {text[:60]!r}",
        )
    return text


def days_of(value: str) -> int | None:
    """Of a tag RETIRE_AFTER: null for never. Raises InvalidParameterError."""
    if value == _NEVER:
        return None
    if not _DAYS.fullmatch(value):
        detail = f"of {RETIRE_AFTER}: expected 1 to 9999 days, or {_NEVER}, got {value[:60]!r}"
        raise InvalidParameterError("valor", detail)
    return int(value)


def wanted_tag(text: str) -> WantedTag:
    """Raises InvalidParameterError."""
    key, equals, value = text.partition("=")
    return WantedTag(key_of(key, "etiqueta"), value_of(value, "etiqueta") if equals else None)
