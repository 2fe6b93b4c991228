"""CSV (RFC 4180) whose cells no spreadsheet evaluates as formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from unicodedata import category, normalize

import orjson

_BEGIN_A_FORMULA = frozenset("=+-@\N{MINUS SIGN}")
_BEGIN_A_CELL = ("\t", "\r", "\n")
_QUOTES = frozenset("\"'")
_SKIPPED = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp", "Pi", "Pf"})  # invisible characters, and quotes


def to_csv(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> bytes:
    """A line of column names, then a line a row; null is an empty cell. UTF-8, CRLF."""
    return to_csv_lines([columns]) + to_csv_lines(rows)


def to_csv_lines(rows: Iterable[Iterable[object]]) -> bytes:
    """Lines without the column names, to be appended to others."""
    return _lines([_cell(value) for value in row] for row in rows)


def _lines(rows: Iterable[Iterable[object]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _cell(value: object) -> object:
    if isinstance(value, str):
        return f"'{value}" if _may_be_a_formula(value) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):  # it holds JSON where a member of JSON is one of these
        return orjson.dumps(value).decode()
    return value


def _may_be_a_formula(text: str) -> bool:
    """Per OWASP, CSV injection. Spreadsheets also trim cells and accept full-width signs."""
    if text[:1].isalnum():
        return False
    visible = (sign for sign in text if sign not in _QUOTES and category(sign) not in _SKIPPED)
    first = normalize("NFKC", next(visible, ""))
    return first in _BEGIN_A_FORMULA or text.startswith(_BEGIN_A_CELL)
