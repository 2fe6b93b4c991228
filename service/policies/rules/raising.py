"""Whether a statement may break at some rows, and not at others.

SQLite may look at conditions in another order than they are written in, so a row that one of them
leaves out may break another one.
"""

from __future__ import annotations

from collections.abc import Sequence

from service.policies.rules.sql_text import Token, tokens

_AT_ROWS = {"en_red", "hora_local", "compara_version", "estado_soporte", "abs", "sum"}
_DATES = {"date", "time", "datetime", "julianday", "strftime", "unixepoch"}  # break at 'now'
_LIKE = {"LIKE", "GLOB"}  # break at long patterns
_LONG = {"replace"}  # what it gives may pass the limit of a text
_MOST_JOINED = 5  # of ||: each may double a text, of 32,768 characters at most
_OVER_ROWS = {"group_concat", "string_agg", "nth_value", "ntile"}
_FRAMES = {"PRECEDING", "FOLLOWING"}
_LIMITS = {"LIMIT", "OFFSET"}
_HARMLESS = ("+", "-", "%", "start of ")  # how texts begin that dates can always take


def raises_at_rows(sql: str) -> bool:
    """Whether a row that gets to it may break an expression."""
    found = tokens(sql)
    return sum(token.text == "||" for token in found) > _MOST_JOINED or any(
        _raises(found, at) for at in range(len(found))
    )


def raises_over_rows(sql: str) -> bool:
    """Whether that may be, or several rows may break a part of which nothing is needed."""
    found = tokens(sql)
    return raises_at_rows(sql) or any(
        token.name in _OVER_ROWS
        or token.text.upper() in _FRAMES
        or (token.text.upper() in _LIMITS and _kind(found, at + 1) != "number")
        for at, token in enumerate(found)
    )


def _raises(found: Sequence[Token], at: int) -> bool:
    token, word = found[at], found[at].text.upper()
    is_call = at + 1 < len(found) and found[at + 1].text == "("
    if token.name in _DATES and is_call:
        return not _takes_harmless_values(found, at + 2)
    if token.name in {"like", "glob"} and is_call:
        return True
    if word in _LIKE:
        return not _is_short(found, at + 1)
    return token.name in _AT_ROWS | _LONG or word in {"ESCAPE", "->", "->>"}


def _takes_harmless_values(found: Sequence[Token], at: int) -> bool:
    """Whether a call takes, from here to its end, the time and texts that break no date."""
    for token in found[at:]:
        if token.text == ")":
            return True
        is_text = token.kind == "text" and token.text[1:].startswith(_HARMLESS)
        if not (is_text or token.kind == "parameter" or token.text == ","):
            return False
    return False


def _is_short(found: Sequence[Token], at: int) -> bool:
    """Whether a text, or the column of listas and etiquetas, stands there alone."""
    if [token.text for token in found[at + 1 : at + 2]] == ["."]:
        at += 2
        # Nothing else may have the name: to give it, it stands by itself.
        places = [place for place, token in enumerate(found) if token.name == "valor"]
        is_short = at in places and all(found[place - 1].text == "." for place in places)
    else:
        is_short = _kind(found, at) == "text"
    return is_short and [token.text for token in found[at + 1 : at + 2]] != ["||"]


def _kind(found: Sequence[Token], at: int) -> str:
    return found[at].kind if at < len(found) else ""
