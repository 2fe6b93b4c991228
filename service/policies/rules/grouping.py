"""Statements that answer of groups of processes, each by itself: filters, counts and GROUP BY.

The answer is then the sum of the answers over each group alone, whatever the order of the rows is.
The words of the statement tell. In doubt it is none of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from service.policies.rules.raising import raises_at_rows
from service.policies.rules.relations import Reads
from service.policies.rules.sql_text import Token, tokens

_RELATIONS = {"procesos_vigentes", "processes"}
_PARTS = ("SELECT", "FROM", "WHERE", "GROUP", "HAVING", "ORDER")  # in this order
# A second query, an order that matters, rows that are one for DISTINCT, and texts that are one
# although they differ.
_OTHERS = {"WITH", "VALUES", "UNION", "EXCEPT", "INTERSECT", "LIMIT", "OFFSET", "OVER", "WINDOW",
           "COLLATE", "CAST"}  # fmt: skip
_BEFORE_PARENTHESES = {"AND", "OR", "NOT", "IN", "IS", "LIKE", "GLOB", "BETWEEN", "CASE", "WHEN",
                       "THEN", "ELSE", "SELECT", "WHERE", "HAVING", "FILTER", "BY"}  # fmt: skip
_TEXTS = {"length", "lower", "upper", "substr", "substring", "trim", "ltrim", "rtrim", "instr",
          "coalesce", "ifnull", "nullif", "iif", "unicode", "typeof"}  # fmt: skip
_AGGREGATES = {"count", "min", "max"}
_FUNCTIONS = _TEXTS | _AGGREGATES
_ARITHMETIC = {"+", "-", "*", "/", "%"}  # it may give 1 and 1.0, which are one for max()
_NAMES = {"word", "identifier"}


class _Item(NamedTuple):
    """What a SELECT gives: an expression, or a column of the relation alone; and its alias."""

    column: str | None
    alias: str | None


def grouping(sql: str, reads: Reads) -> tuple[str, ...] | None:
    """The columns whose values make a group; none for all rows. Null for another statement.

    reads: of the statement, as Sandbox.describe() tells them.
    """
    found = tokens(sql)
    while found and found[-1].text == ";":
        found.pop()
    relations = {relation for relation, _ in reads}
    if len(relations) != 1 or not relations <= _RELATIONS or raises_at_rows(sql):
        return None
    try:
        return _Reader(found, {column for _, column in reads} - {""}).grouping()
    except _UnclearError:
        return None


class _UnclearError(Exception):
    """The statement is none that is understood here."""


class _Reader:
    def __init__(self, found: Sequence[Token], columns: set[str]) -> None:
        self._tokens, self._columns = found, columns
        self._depths = list(_depths(found))

    def grouping(self) -> tuple[str, ...]:
        parts = self._parts()
        self._check_words()
        source = self._tokens[slice(*parts["FROM"])][1:]
        if len(source) > 3 or (len(source) == 3 and source[1].keyword != "AS"):
            raise _UnclearError
        aggregates = self._aggregates()
        if "GROUP" not in parts and not aggregates:
            if "HAVING" in parts:
                raise _UnclearError
            return tuple(sorted(self._columns))
        groups = self._groups(parts, source[-1].name)
        # Any other column has the value of one row of the group, whichever that is.
        for part in ("SELECT", "HAVING", "ORDER"):
            for at in range(*parts.get(part, (0, 0))):
                token = self._tokens[at]
                is_read = token.kind in _NAMES and token.name in self._columns - groups
                if is_read and not any(first <= at < end for first, end in aggregates):
                    raise _UnclearError
        return tuple(sorted(groups))

    def _groups(self, parts: Mapping[str, tuple[int, int]], qualifier: str | None) -> set[str]:
        """The columns of GROUP BY."""
        items = [self._item(*each, qualifier) for each in self._split(*parts["SELECT"], 1)]
        if any(item.alias in self._columns and item.column != item.alias for item in items):
            raise _UnclearError
        terms = self._split(*parts["GROUP"], 2) if "GROUP" in parts else ()
        groups = {self._group(*each, items, qualifier) for each in terms}
        if None in groups:
            raise _UnclearError
        return {column for column in groups if column is not None}

    def _parts(self) -> dict[str, tuple[int, int]]:
        """Where the parts of the only SELECT are."""
        words = [token.keyword if token.kind == "word" else "" for token in self._tokens]
        begins = [at for at, word in enumerate(words) if word in _PARTS and self._depths[at] == 0]
        found = [words[at] for at in begins]
        is_plain = (
            words.count("SELECT") == 1
            and words[:1] == ["SELECT"]
            and found[:2] == ["SELECT", "FROM"]
            and found == [part for part in _PARTS if part in found]
            and not any(
                word in _OTHERS or (word == "DISTINCT" and self._depths[at] == 0)
                for at, word in enumerate(words)
            )
            and not any(token.kind == "parameter" for token in self._tokens)
            and not self._has_quoted_columns()
        )
        if not is_plain:
            raise _UnclearError
        return dict(zip(found, zip(begins, [*begins, len(words)][1:], strict=True), strict=True))

    def _has_quoted_columns(self) -> bool:
        """Whether a text in quotes stands beside a point: SQLite takes it for a name there."""
        return any(
            "." in {first.text, second.text} and "text" in {first.kind, second.kind}
            for first, second in pairwise(self._tokens)
        )

    def _check_words(self) -> None:
        """Refuses functions that are not in the lists above."""
        for token, behind in pairwise(self._tokens):
            is_call = behind.text == "(" and token.kind in _NAMES
            is_word = token.kind == "word" and token.keyword in _BEFORE_PARENTHESES
            if is_call and not is_word and token.name not in _FUNCTIONS:
                raise _UnclearError

    def _aggregates(self) -> list[tuple[int, int]]:
        """Where aggregates are called, none of which depends on the order of the rows."""
        found: list[tuple[int, int]] = []
        for at, token in enumerate(self._tokens):
            if token.name not in _AGGREGATES or self._text(at + 1) != "(":
                continue
            end = self._end(at + 1)
            inner = self._tokens[at + 2 : end - 1]
            if token.name != "count":
                depth = self._depths[at + 1]
                places = range(at + 2, end - 1)
                if any(self._text(p) == "," and self._depths[p] == depth + 1 for p in places):
                    continue  # the greatest of several values
                if not all(map(_gives_texts, inner)):
                    raise _UnclearError
            if self._text(end) == "FILTER":
                end = self._end(end + 1)
            found.append((at, end))
        return found

    def _item(self, first: int, end: int, qualifier: str | None) -> _Item:
        column, alias = self._column(first, end, qualifier), None
        last = self._tokens[end - 1]
        if column is None and end - first > 1 and (last.kind in _NAMES or last.kind == "text"):
            is_named = self._text(end - 2) == "AS"
            alias = last.name
            column = self._column(first, end - 1 - is_named, qualifier)
        return _Item(column, alias)

    def _group(
        self, first: int, end: int, items: Sequence[_Item], qualifier: str | None
    ) -> str | None:
        """The column that a term of GROUP BY stands for; null where it stands for none."""
        token = self._tokens[first]
        column = self._column(first, end, qualifier)
        if column is not None or end - first != 1:
            return column
        if token.kind == "number" and token.text.isdigit():
            return items[int(token.text) - 1].column if 0 < int(token.text) <= len(items) else None
        named = [item for item in items if item.alias == token.name]
        return named[0].column if len(named) == 1 and token.kind in _NAMES else None

    def _column(self, first: int, end: int, qualifier: str | None) -> str | None:
        """The column that an expression is; null for another one."""
        found = self._tokens[first:end]
        if len(found) == 3 and found[1].text == "." and found[0].name == qualifier:
            found = found[2:]
        if len(found) == 1 and found[0].kind in _NAMES and found[0].name in self._columns:
            return found[0].name
        return None

    def _split(self, first: int, end: int, words: int) -> Iterator[tuple[int, int]]:
        """What stands between commas in a part that begins with so many words."""
        begin = first + words
        for at in range(begin, end):
            if self._tokens[at].text == "," and self._depths[at] == 0:
                yield begin, at
                begin = at + 1
        yield begin, end

    def _end(self, first: int) -> int:
        """The place behind a parenthesis that begins here."""
        depth = self._depths[first]
        places = range(first + 1, len(self._tokens))
        return next((at for at in places if self._depths[at] == depth), len(self._tokens) - 1) + 1

    def _text(self, at: int) -> str:
        return self._tokens[at].keyword if at < len(self._tokens) else ""


def _depths(found: Sequence[Token]) -> Iterator[int]:
    """In how many parentheses each token stands; those themselves stand outside."""
    depth = 0
    for token in found:
        depth -= token.text == ")"
        yield depth
        depth += token.text == "("


def _gives_texts(token: Token) -> bool:
    """Whether no expression that is made of such words gives numbers with a point."""
    if token.kind == "number":
        return token.text.isdigit()
    return token.text not in _ARITHMETIC
