"""Reads that SQLite does not ask an authorizer about.

Of the columns that NATURAL and USING join by, it asks about one side at most; a FULL JOIN gives the
values of both. A table of which no column is named counts as one that a view reads. So a statement
may neither join that way nor name what stands behind the views.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from service.policies.rules.relations import HIDDEN
from service.policies.rules.sql_text import Token, tokens

_BEFORE_TABLES = {"FROM", "JOIN", "IN"}
_REMEMBERED = 4096  # statements
_DATABASES = {"main", "temp", "taken"}
# They end the list of tables of a SELECT. WINDOW may be the name of one.
_BEHIND_TABLES = {"WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "UNION", "EXCEPT",
                  "INTERSECT", "SELECT"}  # fmt: skip


def unseen_reads(sql: str) -> Iterator[tuple[int, str]]:
    """The place and the reason of each."""
    found = tokens(sql)
    for token in found:
        if token.kind == "word" and token.keyword in ("NATURAL", "USING"):
            yield token.start, f"{token.text}: expected JOIN … ON"
    for token in tables(found):
        name = token.name or ""
        if name in HIDDEN or name.startswith(("sqlite_", "pragma_")):
            yield token.start, f"{token.text}: there is no such relation"


@lru_cache(_REMEMBERED)
def refusal(sql: str) -> str | None:
    """Why a statement with such reads is refused; null for another one."""
    return next((reason for _, reason in unseen_reads(sql)), None)


def tables(found: Sequence[Token]) -> Iterator[Token]:
    """The tokens that stand where a table or a relation must."""
    place = _Place()
    for at, token in enumerate(found):
        text = token.keyword
        is_from_comparison = text == "FROM" and found[at - 1].keyword == "DISTINCT"
        if token.kind == "operator":
            place.punctuate(text)
        elif token.kind == "word" and (text in _BEFORE_TABLES or text in _BEHIND_TABLES):
            place.enter(text, is_from_comparison=is_from_comparison)
        elif place.is_table:
            is_followed = at + 1 < len(found) and found[at + 1].text == "."
            if not (is_followed and token.name in _DATABASES):
                yield token
                place.is_table = False


class _Place:
    """Where in a statement the next token stands. is_table: a table must stand there."""

    def __init__(self) -> None:
        self.is_table = False
        self._is_list = [False]  # of each open parenthesis: whether a table follows a comma
        self._is_behind_in = False

    def punctuate(self, text: str) -> None:
        if text == "(":
            self._is_list.append(self.is_table and not self._is_behind_in)  # FROM (a JOIN b)
            self.is_table = self._is_list[-1]
        elif text == ")":
            if len(self._is_list) > 1:
                self._is_list.pop()
            self.is_table = False
        elif text == ",":
            self.is_table = self._is_list[-1]
        self._is_behind_in = False

    def enter(self, text: str, *, is_from_comparison: bool) -> None:
        self._is_behind_in = text == "IN"
        self.is_table = text in _BEFORE_TABLES and not is_from_comparison
        if text in _BEHIND_TABLES:
            self._is_list[-1] = False
        elif self.is_table and text != "IN":
            self._is_list[-1] = True
