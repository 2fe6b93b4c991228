"""Renders untrusted names as harmless text in which no two names look alike.

The name of a process or user may hold markup, terminal escape sequences, bidirectional controls or
invisible characters. A character that would not show as itself is shown as its code point.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import quote_plus

from markupsafe import Markup, escape

# Control, format, private-use, unassigned and surrogate characters, line and paragraph separators.
# Surrogates (Cs) occur in text that was not UTF-8.
_INVISIBLE_CATEGORIES = {"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"}
_COMBINING_CATEGORIES = {"Mn", "Me"}
_BLANK_CHARACTERS = {"\u115f", "\u1160", "\u3164", "\uffa0", "\u2800"}  # letters without ink
_CACHE_SIZE = 5000  # the same names occur many times on a page and on the next one
_MAX_COMBINING_MARKS = 2  # per letter; no living language needs more, and stacks hide other lines


@lru_cache(maxsize=_CACHE_SIZE)
def html_name(text: str) -> Markup:
    """The name as HTML, isolated from the text direction around it."""
    if text.isascii() and text.isprintable() and text.strip() == text != "":
        return Markup(f"<bdi>{escape(text)}</bdi>")  # noqa: S704 — escaped in it
    pieces = (
        escape(character)
        if is_visible
        else Markup('<span class="code" title="{1}">{0}</span>').format(
            _code_point(character), unicodedata.name(character, "")
        )
        for character, is_visible in _characters(text)
    )
    return Markup("<bdi>") + Markup("").join(pieces) + Markup("</bdi>")


@lru_cache(maxsize=_CACHE_SIZE)
def name_link(text: str, base: str, at_moment: str) -> Markup:
    """The name as a link to its page. base: the address up to the name, `/programa?name=`.

    at_moment: more parameters; may be empty.
    """
    address = f"{base}{quote_plus(text)}{at_moment and '&'}{at_moment}"
    return Markup('<a href="{}">{}</a>').format(address, html_name(text))


def plain_name(text: str) -> str:
    """The name as plain text, for titles and labels that cannot hold markup."""
    return "".join(
        character if is_visible else f"[{_code_point(character)}]"
        for character, is_visible in _characters(text)
    )


def _characters(text: str) -> Iterator[tuple[str, bool]]:
    """Each character, and whether it shows as itself."""
    marks = 0
    last = len(text) - 1
    for position, character in enumerate(text):
        category = unicodedata.category(character)
        marks = marks + 1 if category in _COMBINING_CATEGORIES else 0
        is_hidden = (
            category in _INVISIBLE_CATEGORIES
            or character in _BLANK_CHARACTERS
            or marks > _MAX_COMBINING_MARKS
            or (category == "Zs" and (character != " " or position in (0, last)))
        )
        yield character, not is_hidden


def _code_point(character: str) -> str:
    return f"U+{ord(character):04X}"
