"""Writes and finds many rows with few statements."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from service.store.engines import Connection

ROWS_PER_STATEMENT = 100

_VALUES = re.compile(r"VALUES\s*\((?P<row>[^()]*)\)")
_PARAMETER = re.compile(r"(?<!:):[a-z_]+")


def insert_rows(connection: Connection, query: str, rows: Sequence[Sequence[object]]) -> list[Any]:
    """Runs `INSERT … VALUES (:a, :b)` for all rows, whose values are in the order of a, b.

    Costs half as much as a statement for each row. Returns the rows of its RETURNING clause, in no
    particular order.
    """
    returned: list[Any] = []
    for start in range(0, len(rows), ROWS_PER_STATEMENT):
        some = rows[start : start + ROWS_PER_STATEMENT]
        values = list(chain.from_iterable(some))
        returned += connection.execute(_with_rows(query, len(some)), values)
    return returned


def select_rows(connection: Connection, query: str, rows: Sequence[Sequence[object]]) -> list[Any]:
    """Runs `WITH wanted (a) AS (VALUES (:a)) SELECT …` for all rows; their results together.

    In contrast to find_rows(), each row comes once.
    """
    return insert_rows(connection, query, rows)


def find_rows(
    connection: Connection, query: str, keys: Sequence[Sequence[object]], *others: object
) -> list[Any]:
    """Runs `WITH wanted AS (VALUES (:a, :b)) SELECT …` for all keys, with values of a, b.

    others: the values of the other parameters, which stand behind, in their order. Returns the
    rows that are found, in no particular order; some of them may come twice.
    """
    found: list[Any] = []
    for start in range(0, len(keys), ROWS_PER_STATEMENT):
        some = keys[start : start + ROWS_PER_STATEMENT]
        # A power of two, so that there are few statements to prepare.
        count = min(ROWS_PER_STATEMENT, 1 << (len(some) - 1).bit_length())
        padded = [*some, *[some[-1]] * (count - len(some))]
        statement = _positional(_with_rows(query, count))
        found += connection.execute(statement, [*chain.from_iterable(padded), *others])
    return found


def change_rows(
    connection: Connection, query: str, keys: Sequence[Sequence[object]], *others: object
) -> None:
    """Runs `WITH wanted AS (VALUES (:a, :b)) UPDATE …` as find_rows() does."""
    find_rows(connection, query, keys, *others)


def update_rows(connection: Connection, query: str, rows: Sequence[Sequence[object]]) -> None:
    """Runs `UPDATE … SET b = :a … WHERE c = :d` for each row, whose values are in that order.

    Positions instead of names save the time of a dictionary for each row.
    """
    connection.executemany(_positional(query), rows)


@lru_cache(maxsize=1000)
def _positional(query: str) -> str:
    return _PARAMETER.sub("?", query)


@lru_cache(maxsize=1000)
def _with_rows(query: str, count: int) -> str:
    def repeat(match: re.Match[str]) -> str:
        row = f"({', '.join('?' for _ in match['row'].split(','))})"
        return "VALUES " + ", ".join([row] * count)

    return _VALUES.sub(repeat, query)
