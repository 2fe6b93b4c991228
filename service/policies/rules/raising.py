"""Whether a statement may break at some rows, and not at others.

SQLite may look at conditions in another order than they are written in, so a row that one of them
leaves out may break another one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from service.policies.rules.sql_text import Token, tokens
from service.store.engines.sandbox import MAX_PATTERN

_AT_ROWS = {"en_red", "hora_local", "compara_version", "estado_soporte", "abs", "sum"}
_DATES = {"date", "time", "datetime", "julianday", "strftime", "unixepoch"}  # break at 'now'
_LIKE = {"LIKE", "GLOB"}  # break at long patterns
_LONG = {"replace"}  # what it gives may pass the limit of a text
SHORT_TAG = MAX_PATTERN - 16  # bytes of the value of a tag
_MOST_JOINED = 2  # of ||: each may double a text, of 131,072 bytes at most, where it has a name
_CONCATENATED = {"group_concat", "string_agg"}  # may be as long as a text can be
_LINES = {"linea_comando", "cmdline", "*"}
_MOST_LINES = 7  # in a row that is kept: each may have 131,072 bytes
_OVER_ROWS = _CONCATENATED | {"nth_value", "ntile"}
_COMPOUND = {"union", "except", "intersect"}  # then a column valor may be another one's
_FRAMES = {"PRECEDING", "FOLLOWING"}
_LIMITS = {"LIMIT", "OFFSET"}
_HARMLESS = ("+", "-", "%", "start of ")  # how texts begin that dates can always take


def raises_at_rows(sql: str, *, tags_are_short: bool = False) -> bool:
    """Whether a row that gets to it may break an expression. tags_are_short: as below."""
    found = tokens(sql)
    joined = sum(token.text == "||" for token in found)
    most = 0 if any(token.name in _CONCATENATED for token in found) else _MOST_JOINED
    return joined > most or any(
        _raises(found, at) and not (tags_are_short and _takes_tag(found, at))
        for at in range(len(found))
    )


def takes_entries_as_patterns(sql: str) -> bool:
    """Whether LIKE or GLOB take columns of listas, which break them where entries are too long."""
    found = tokens(sql)
    return any(
        token.keyword in _LIKE and _kind(found, at + 1) != "text" for at, token in enumerate(found)
    )


def raises_over_rows(sql: str, *, tags_are_short: bool = False) -> bool:
    """Whether that may be, or several rows may break a part of which nothing is needed.

    tags_are_short: whether no tag has a value of more than SHORT_TAG bytes.
    """
    found = tokens(sql)
    lines = sum((token.name or token.text) in _LINES for token in found)
    is_filter = sum(token.keyword == "SELECT" for token in found) == 1
    keeps_long_rows = lines > _MOST_LINES and not is_filter
    return (
        keeps_long_rows
        or raises_at_rows(sql, tags_are_short=tags_are_short)
        or any(
            token.name in _OVER_ROWS
            or token.keyword in _FRAMES
            or (token.keyword in _LIMITS and _kind(found, at + 1) != "number")
            for at, token in enumerate(found)
        )
    )


def _raises(found: Sequence[Token], at: int) -> bool:
    token, word = found[at], found[at].keyword
    is_call = at + 1 < len(found) and found[at + 1].text == "("
    if token.name in _DATES and is_call:
        return not _takes_harmless_values(found, at + 2)
    if token.name in {"like", "glob"} and is_call:
        return True
    if word in _LIKE:
        return not _is_short(found, at + 1)
    if token.name in _LONG and is_call:
        return not _shortens(found, at + 1)
    return token.name in _AT_ROWS or word in {"ESCAPE", "->", "->>"}


def _takes_tag(found: Sequence[Token], at: int) -> bool:
    """Whether LIKE or GLOB take the value of a tag, perhaps behind a few characters."""
    if found[at].keyword not in _LIKE:
        return False
    at += 1
    if _kind(found, at) == "text" and _length(found[at]) <= MAX_PATTERN - SHORT_TAG:
        at += 2 if [token.text for token in found[at + 1 : at + 2]] == ["||"] else 0
    return _is_value(found, at + 2, _COMPOUND) and found[at + 1].text == "."


def _shortens(found: Sequence[Token], at: int) -> bool:
    """Whether a call of replace() puts a text in the place of one that is no shorter."""
    opened = 0
    for end in range(at, len(found)):
        opened += (found[end].text == "(") - (found[end].text == ")")
        if not opened:
            break
    else:
        return False
    comma, old, other, new = found[max(end - 4, at) : end] if end - at > 4 else [found[at]] * 4
    is_of_texts = [comma.text, old.kind, other.text, new.kind] == [",", "text", ",", "text"]
    return is_of_texts and _length(new) <= _length(old)


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
    """Whether a text, or the column of listas, stands there alone."""
    if [token.text for token in found[at + 1 : at + 2]] == ["."]:
        at += 2
        is_short = _is_value(found, at, _COMPOUND | {"etiquetas"})
    else:
        is_short = _kind(found, at) == "text" and _length(found[at]) <= MAX_PATTERN
    return is_short and [token.text for token in found[at + 1 : at + 2]] != ["||"]


def _is_value(found: Sequence[Token], at: int, others: Collection[str]) -> bool:
    """Whether a column valor stands there, and the statement has none of the other words.

    Nothing else may have the name: to give it, it stands by itself.
    """
    places = [place for place, token in enumerate(found) if token.name == "valor"]
    is_alone = at in places and all(found[place - 1].text == "." for place in places)
    return is_alone and not any(token.name in others for token in found)


def _length(text: Token) -> int:
    """Of a text in quotes, in bytes."""
    return len(text.text[1:-1].replace("''", "'").encode())


def _kind(found: Sequence[Token], at: int) -> str:
    return found[at].kind if at < len(found) else ""
