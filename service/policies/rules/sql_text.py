"""The words of a statement of SQLite, without running it.

SQLite's own tokenizer decides what runs. This one serves for what SQLite cannot be asked: whether
two texts differ in more than blanks and comments, which texts in quotes a statement names, and
whether a statement hides one of the guard's relations behind a name of its own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

# https://www.sqlite.org/lang_keywords.html and src/tokenize.c
_TOKEN = re.compile(
    r"""
    (?P<blank>\ufeff|[ \t\n\f\r][ \t\n\v\f\r]*)
  | (?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))
  | (?P<text>'(?:[^']|'')*')
  | (?P<identifier>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])
  | (?P<word>[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]*)
  | (?P<number>0[xX][0-9A-Fa-f]+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
  | (?P<parameter>\?[0-9]*|[:@$#][A-Za-z0-9_$\x80-\U0010ffff]*)
  | (?P<operator>->>|->|<<|>>|<=|>=|<>|!=|==|\|\||.)
    """,
    re.VERBOSE | re.DOTALL,
)
_MATERIALIZED = ("NOT", "MATERIALIZED")


class Token(NamedTuple):
    """A word of a statement: its kind (a group of the pattern above), its text, and its place."""

    kind: str
    text: str
    start: int

    @property
    def keyword(self) -> str:
        """The text in capitals, as SQLite compares keywords: by letters of ASCII alone."""
        return self.text.upper() if self.text.isascii() else self.text

    @property
    def name(self) -> str | None:
        """The identifier that it may stand for, unquoted, in lower case; null for another token."""
        if self.kind == "word":
            return self.text.lower()
        if self.kind == "identifier":
            quote = self.text[-1]
            inner = self.text[1:-1]
            return (inner if quote == "]" else inner.replace(quote * 2, quote)).lower()
        if self.kind == "text":  # SQLite takes 'name' for an identifier where one must stand
            return self.text[1:-1].replace("''", "'").lower()
        return None


def tokens(sql: str) -> list[Token]:
    """All tokens but blanks and comments."""
    return [
        Token(match.lastgroup or "", match[0], match.start())
        for match in _TOKEN.finditer(sql)
        if match.lastgroup not in ("blank", "comment")
    ]


@lru_cache(maxsize=256)
def canonical(sql: str) -> str:
    """The statement without comments, its tokens with one blank between them."""
    return " ".join(token.text for token in tokens(sql)).rstrip("; ")


def quoted_texts(sql: str) -> set[str]:
    """The texts in single quotes, without them."""
    return {token.text[1:-1].replace("''", "'") for token in tokens(sql) if token.kind == "text"}


def without_double_quotes(sql: str) -> str:
    """The same statement with `name` for "name".

    SQLite takes "name" for a text where no such column exists; `name` is then an error, so that a
    misspelt column is found. https://www.sqlite.org/quirks.html, section 8.
    """
    parts: list[str] = []
    for match in _TOKEN.finditer(sql):
        text = match[0]
        if match.lastgroup == "identifier" and text.startswith('"'):
            inner = text[1:-1].replace('""', '"').replace("`", "``")
            text = f"`{inner}`"
        parts.append(text)
    return "".join(parts)


def hidden_names(sql: str, names: Collection[str]) -> Iterator[Token]:
    """Where a WITH clause gives one of these names (in lower case) to something else."""
    found = tokens(sql)
    for at, token in enumerate(found):
        if token.name in names and _defines(found, at + 1):
            yield token


def _defines(found: list[Token], at: int) -> bool:
    """Whether the tokens from here read `[(column, …)] AS [[NOT] MATERIALIZED] (`."""
    words = [token.keyword for token in found[at:]]
    if words[:1] == ["("] and ")" in words:
        words = words[words.index(")") + 1 :]
    if words[:1] != ["AS"]:
        return False
    rest = iter(words[1:])
    following = next(rest, "")
    while following in _MATERIALIZED:
        following = next(rest, "")
    return following == "("


def line_of(sql: str, start: int) -> int:
    """The line of a place in a text, from 1."""
    return sql.count("\n", 0, start) + 1


def parentheses(found: Sequence[Token]) -> dict[int, int] | None:
    """By the place of each that opens, the place behind what closes it. Null if one has none."""
    ends: dict[int, int] = {}
    open_: list[int] = []
    for at, token in enumerate(found):
        if token.text == "(":
            open_.append(at)
        elif token.text == ")":
            if not open_:
                return None
            ends[open_.pop()] = at + 1
    return None if open_ else ends
