"""What is wrong with a statement before SQLite sees it, by line.

SQLite refuses most of this by itself; here it gets its line and a better reason. The rest (a date
function without a time, a WITH clause that hides a relation) SQLite would accept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from service.policies.rules.sql_text import Token, hidden_names, line_of, tokens
from service.policies.rules.unseen_reads import unseen_reads

_DATES = {"date": 0, "time": 0, "datetime": 0, "julianday": 0, "unixepoch": 0, "strftime": 1}
_CLOCKS = {"now", "localtime", "utc", "subsec", "subsecond"}
_PARAMETER = ":ahora"


def statement_faults(sql: str, relations: Collection[str]) -> Iterator[tuple[int, str]]:
    """The line (from 1) and the reason of each fault. relations: in lower case."""
    found = tokens(sql)
    if not found:
        yield 1, "expected a SELECT"
        return
    if found[0].keyword not in ("SELECT", "WITH"):
        yield line_of(sql, found[0].start), f"expected a SELECT, got {found[0].text[:40]}"
    for at, token in enumerate(found):
        line = line_of(sql, token.start)
        if token.text == ";" and at < len(found) - 1:
            yield line, "expected one statement; there is something behind the ;"
            break
        if token.kind == "parameter" and token.text != _PARAMETER:
            yield line, f"expected no parameter but {_PARAMETER}, got {token.text}"
        if token.text.lower() in ("current_time", "current_date", "current_timestamp"):
            yield line, f"{token.text}: {_PARAMETER} is the only clock"
        if token.name in _DATES and found[at + 1 : at + 2] and found[at + 1].text == "(":
            yield from _date_faults(sql, token, found[at + 2 :])
    for start, reason in unseen_reads(sql):
        yield line_of(sql, start), reason
    for token in hidden_names(sql, relations):
        yield line_of(sql, token.start), f"{token.text}: a WITH clause may not hide a relation"


def _date_faults(sql: str, function: Token, rest: list[Token]) -> Iterator[tuple[int, str]]:
    """The faults of a call; rest begins behind its parenthesis."""
    depth, commas = 1, 0
    for at, token in enumerate(rest):
        depth += (token.text == "(") - (token.text == ")")
        if not depth:
            arguments = commas + 1 if at else 0
            if arguments <= _DATES[function.text.lower()]:
                yield (
                    line_of(sql, function.start),
                    f"{function.text}() without a time; {_PARAMETER} is the only clock",
                )
            return
        commas += token.text == "," and depth == 1
        if token.kind in ("text", "identifier") and token.name in _CLOCKS and depth == 1:
            yield line_of(sql, token.start), f"{token.text}: {_PARAMETER} is the only clock"
