"""Loads the named queries of sql/queries.

A file is a sequence of queries, each headed by `-- name: the_name` and a one-line comment that
says what it answers. Names are unique over all files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from service.errors import InvalidQueryFileError

QUERIES_FOLDER = Path(__file__).resolve().parents[2] / "sql" / "queries"

_HEADING = re.compile(r"^-- name:(.*)$", re.MULTILINE)
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def load_queries(folder: Path = QUERIES_FOLDER) -> Mapping[str, str]:
    """Every query of the folder by its name.

    Raises InvalidQueryFileError, naming the file, for a name that is given twice or malformed, a
    query without text or without its comment, and text before the first name.
    """
    queries: dict[str, str] = {}
    for path in sorted(folder.glob("*.sql")):
        for name, text in _parse(path):
            if name in queries:
                raise InvalidQueryFileError(f"{path}: the query name {name!r} is given twice")
            queries[name] = text
    return queries


def _parse(path: Path) -> Iterator[tuple[str, str]]:
    before, *rest = _HEADING.split(path.read_text(encoding="utf-8"))
    if before.strip():
        raise InvalidQueryFileError(f"{path}: expected '-- name: …' before any other text")
    for heading, body in zip(rest[::2], rest[1::2], strict=True):
        name = heading.strip()
        if not _NAME.fullmatch(name):
            raise InvalidQueryFileError(
                f"{path}: expected a query name in lower_case, got {name!r}"
            )
        comment, _, text = body.lstrip("\n").partition("\n")
        if not comment.startswith("-- "):
            raise InvalidQueryFileError(
                f"{path}: expected a one-line comment under the name of {name!r}"
            )
        if not text.strip():
            raise InvalidQueryFileError(f"{path}: the query {name!r} is empty")
        yield name, text.strip().removesuffix(";")
