"""The names in braces of the texts of a rule, in whose place values of a row stand."""

from __future__ import annotations

import re
from collections.abc import Callable

COMMAND_LINES = ("linea_comando", "cmdline")  # no text shows them
NAMES_LISTED = "nombres"  # of an absence there is no row; its text may have this
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def placeholders(text: str) -> list[str]:
    """The names in braces of a text."""
    return _PLACEHOLDER.findall(text)


def filled(text: str, value: Callable[[str], str]) -> str:
    """The text, with the value of each name in its place."""
    return _PLACEHOLDER.sub(lambda match: value(match[1]), text)
