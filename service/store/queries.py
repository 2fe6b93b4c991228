"""Loads the named queries of sql/queries.

A file is a sequence of blocks, each headed by `-- name: the_name` for a query or by
`-- fragment: the_name` for a part that several queries share. The next line is a comment that says
what the query answers or what the fragment stands for. Names are unique over all files, for queries
and fragments alike.

A query includes a fragment of any file with a line of its own, `-- include: the_name`; the text of
the fragment takes the place of that line. Fragments include nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from textwrap import indent
from types import MappingProxyType
from typing import NamedTuple

from service.errors import InvalidQueryFileError
from service.project import SQL_FOLDER

QUERIES_FOLDER = SQL_FOLDER / "queries"

_HEADING = re.compile(r"^-- (name|fragment):(.*)$", re.MULTILINE)
_INCLUDE = re.compile(r"^([ ]*)-- include:(.*)$", re.MULTILINE)
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class _Block(NamedTuple):
    path: Path
    is_fragment: bool
    name: str
    text: str


@cache
def load_queries(folder: Path = QUERIES_FOLDER) -> Mapping[str, str]:
    """Every query of the folder by its name, its fragments included; read once in a process.

    Raises InvalidQueryFileError, naming the file, for a name that is malformed or given twice, a
    block without text or without its comment, text before the first block, and a fragment that is
    unknown, unused, or includes another one.
    """
    blocks: dict[str, _Block] = {}
    for path in sorted(folder.glob("*.sql")):
        for block in _parse(path):
            if block.name in blocks:
                raise InvalidQueryFileError(f"{path}: the name {block.name!r} is given twice")
            blocks[block.name] = block
    fragments = {name: block for name, block in blocks.items() if block.is_fragment}
    used: set[str] = set()
    queries = {
        name: _include(block, fragments, used)
        for name, block in blocks.items()
        if not block.is_fragment
    }
    for name in fragments.keys() - used:
        raise InvalidQueryFileError(f"{fragments[name].path}: no query includes {name!r}")
    return MappingProxyType(queries)


def _parse(path: Path) -> Iterator[_Block]:
    before, *rest = _HEADING.split(path.read_text(encoding="utf-8"))
    if before.strip():
        raise InvalidQueryFileError(f"{path}: expected '-- name: …' before any other text")
    for kind, heading, body in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
        name = _valid_name(path, heading)
        comment, _, text = body.lstrip("\n").partition("\n")
        if not comment.startswith("-- ") or _INCLUDE.match(comment):
            raise InvalidQueryFileError(
                f"{path}: expected a one-line comment under the name of {name!r}"
            )
        if not text.strip():
            raise InvalidQueryFileError(f"{path}: {name!r} is empty")
        is_fragment = kind == "fragment"
        if is_fragment and _INCLUDE.search(text):
            raise InvalidQueryFileError(f"{path}: the fragment {name!r} includes another one")
        yield _Block(path, is_fragment, name, text.strip().removesuffix(";"))


def _valid_name(path: Path, text: str) -> str:
    name = text.strip()
    if not _NAME.fullmatch(name):
        raise InvalidQueryFileError(f"{path}: expected a name in lower_case, got {name!r}")
    return name


def _include(query: _Block, fragments: Mapping[str, _Block], used: set[str]) -> str:
    """The text of a query with its fragments, whose names are added to those that are used."""

    def text_of(match: re.Match[str]) -> str:
        name = _valid_name(query.path, match[2])
        if name not in fragments:
            raise InvalidQueryFileError(
                f"{query.path}: the query {query.name!r} includes an unknown fragment, {name!r}"
            )
        used.add(name)
        return indent(fragments[name].text, match[1])

    return _INCLUDE.sub(text_of, query.text)
