"""Reads lists of the API, for tests: page by page, as JSON or as CSV."""

from __future__ import annotations

import csv
import io
import re
from typing import Any
from urllib.parse import urlencode

from tests.support.live import Answer, LiveService

_MAX_PAGES = 50
_GUARDED = re.compile(
    r"'[\s\"'\x00-\x1f\u2000-\u206f\ufeff]*[=+\-@\u2212\uff0b\uff0d\uff1d\uff20\ufe66]|'[\t\r\n]"
)


def address(path: str, **parameters: object) -> str:
    return f"{path}?{urlencode(parameters)}"


def pages(service: LiveService, path: str) -> list[Answer]:
    """The page at this path and all that follow it."""
    answers: list[Answer] = []
    following: str | None = path
    while following is not None:
        answer = service.get(following)
        assert answer.status == 200, answer.body
        answers.append(answer)
        following = answer.json().get("siguiente")  # a whole list has no such member
        expected = None if following is None else f"<{following}>; rel=next"
        assert answer.headers.get("link") == expected
        assert len(answers) <= _MAX_PAGES, "the pages never end"
    return answers


def listed(service: LiveService, path: str, **parameters: object) -> list[dict[str, Any]]:
    """The rows of all pages."""
    found = pages(service, address(path, **parameters))
    return [row for answer in found for row in rows_of(answer)]


def rows_of(answer: Answer) -> list[dict[str, Any]]:
    """The rows of a document in their order, those of silent servers included."""
    lists = {name: value for name, value in answer.json().items() if isinstance(value, list)}
    lists.pop("tardios", None)
    lists.pop("rechazadas", None)
    silent = lists.pop("silenciosos", [])
    (rows,) = lists.values()
    return sorted([*rows, *silent], key=lambda row: row["servidor"]) if silent else list(rows)


def fault_of(answer: Answer) -> dict[str, str]:
    """What a refusal says of the one parameter that it is about."""
    assert answer.status == 400, answer.body
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == "urn:compliance-continuo:problems:invalid-parameter"
    fault: dict[str, str]
    (fault,) = problem["errors"]
    return fault


def csv_of(answer: Answer) -> list[dict[str, str]]:
    """The lines of a CSV answer by the names of their columns, guards taken off."""
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    text = answer.body.decode("utf-8")
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    columns = next(lines)
    return [dict(zip(columns, map(_unguarded, line), strict=True)) for line in lines]


def as_csv(value: object) -> str:
    """How a value of JSON stands in a cell."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _unguarded(cell: str) -> str:
    return cell[1:] if _GUARDED.match(cell) else cell
