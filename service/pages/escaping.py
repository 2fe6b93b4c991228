"""Shows names that come from strangers: harmless, and such that no two look alike.

Processes and users may be called anything: markup, terminal escapes, characters that turn the
direction of the text or cannot be seen. Whatever would not show as itself shows as its code point.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import quote_plus

from markupsafe import Markup, escape

# Control, format, private, unassigned and surrogate characters, separators of lines and
# paragraphs; the name of the category Cs is here for texts that did not come as UTF-8.
_UNSEEN = {"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"}
_MARKS = {"Mn", "Me"}
_BLANK = {"\u115f", "\u1160", "\u3164", "\uffa0", "\u2800"}  # letters and signs without ink
_KEPT = 5000  # the same names stand on a page, and on the next, many times
_MOST_MARKS = 2  # on one letter: living languages need no more, and heaps of them cover other lines


@lru_cache(maxsize=_KEPT)
def visible(text: str) -> Markup:
    """The name as HTML, set apart from the direction of the text around it."""
    if text.isascii() and text.isprintable() and text.strip() == text != "":
        return Markup(f"<bdi>{escape(text)}</bdi>")  # noqa: S704 — escaped in it
    pieces = (
        escape(piece)
        if as_itself
        else Markup('<span class="code" title="{1}">{0}</span>').format(
            _code_point(piece), unicodedata.name(piece, "")
        )
        for piece, as_itself in _pieces(text)
    )
    return Markup("<bdi>") + Markup("").join(pieces) + Markup("</bdi>")


@lru_cache(maxsize=_KEPT)
def linked(text: str, address: str, moment: str) -> Markup:
    """The name as a link to its own page, which is at the address with the name behind it."""
    then = f"&fecha_hora={quote_plus(moment)}" if moment else ""
    target = f"{address}{quote_plus(text)}{then}"
    return Markup('<a href="{}">{}</a>').format(target, visible(text))


def plain(text: str) -> str:
    """The name as text for titles and labels, where no markup can stand."""
    return "".join(
        piece if as_itself else f"[{_code_point(piece)}]" for piece, as_itself in _pieces(text)
    )


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Each character, and whether it can show as itself."""
    marks = 0
    last = len(text) - 1
    for position, character in enumerate(text):
        category = unicodedata.category(character)
        marks = marks + 1 if category in _MARKS else 0
        hidden = (
            category in _UNSEEN
            or character in _BLANK
            or marks > _MOST_MARKS
            or (category == "Zs" and (character != " " or position in (0, last)))
        )
        yield character, not hidden


def _code_point(character: str) -> str:
    return f"U+{ord(character):04X}"
