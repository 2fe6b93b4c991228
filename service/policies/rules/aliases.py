"""Columns of relations to which a statement merely gives another name.

It is decided by the words of the statement. In doubt a column is none of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import takewhile

from service.policies.rules.sql_text import Token, tokens
from service.policies.rules.unseen_reads import tables

_BEHIND_FROM = {"WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "UNION", "EXCEPT",
                "INTERSECT"}  # fmt: skip


def aliases(sql: str, relations: Collection[str]) -> dict[str, str]:
    """The column behind each alias, in lower case, where the statement reads relations only.

    A subquery may call any value pid. relations: in lower case.
    """
    outer = _outer_select(tokens(sql))
    words = [token.keyword for token in outer]
    if "FROM" not in words:
        return {}
    at = words.index("FROM")
    read = list(takewhile(lambda token: token.keyword not in _BEHIND_FROM, outer[at:]))
    if "(" in words[at : at + len(read)] or any(t.name not in relations for t in tables(read)):
        return {}
    named = [column[-1].name for column in _columns(outer[:at]) if column]
    found = dict(filter(None, map(_renamed, _columns(outer[:at]))))
    return {alias: column for alias, column in found.items() if named.count(alias) == 1}


def _outer_select(found: Sequence[Token]) -> list[Token]:
    """The tokens behind the first SELECT outside parentheses, those in parentheses left out."""
    outer: list[Token] = []
    depth, is_behind = 0, False
    for token in found:
        depth -= token.text == ")"
        if not depth and is_behind:
            outer.append(token)
        is_behind |= not depth and token.keyword == "SELECT"
        depth += token.text == "("
    return outer


def _columns(listed: Sequence[Token]) -> Iterator[list[Token]]:
    """The tokens of each column of the result."""
    column: list[Token] = []
    for token in listed:
        if token.text == ",":
            yield column
            column = []
        elif token.keyword not in ("DISTINCT", "ALL"):
            column.append(token)
    yield column


def _renamed(column: Sequence[Token]) -> tuple[str, str] | None:
    """The alias and the column of `[table.]column [AS] alias`; null for anything else."""
    words = [token for token in column if token.keyword != "AS"]
    if len(words) != 2 and not (len(words) == 4 and words[1].text == "."):
        return None
    source, alias = words[-2:]
    if source.kind == "text" or source.name is None or alias.name is None:
        return None
    return alias.name, source.name
