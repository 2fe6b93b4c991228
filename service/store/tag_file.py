"""Tags from a CSV file: a line for each, all or none."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from service import times
from service.errors import ComplianceError, InvalidParameterError, InvalidTagFileError
from service.store.engines import Database
from service.store.read.servers_by_name import ServersByName
from service.store.tag_format import key_of, value_of
from service.store.write.tag_changes import TagChanges, TagEdit

MOST_A_REQUEST = 5_000  # tags, in a transaction during which reports wait

COLUMNS = ("servidor", "clave", "valor")
_SINCE = "desde"  # a further column, which may be left out


class Imported(NamedTuple):
    """How many tags were changed, and how many were so already."""

    changed: int
    same: int


class TagImport:
    def __init__(self, database: Database, queries: Mapping[str, str], changes: TagChanges) -> None:
        self._database, self._queries, self._changes = database, queries, changes

    def run(self, lines: Iterable[str], by: str | None, most: int | None = None) -> Imported:
        """Tells the tags of a file. by: who tells them. most: tags, or any number.

        Raises InvalidTagFileError, which names the line, and what TagChanges.tell() raises.
        """
        servers = ServersByName.of(self._database, self._queries)
        edits = []
        for edit in _edits(lines, servers):
            edits.append(edit)
            if most is not None and len(edits) > most:
                raise InvalidTagFileError(len(edits), f"expected at most {most} tags")
        changed = self._changes.tell(edits, by)
        return Imported(changed, len(edits) - changed)


def moment_of(text: str) -> int:
    """Since when a tag holds. Raises InvalidParameterError."""
    try:
        return times.parse(text)
    except ValueError as error:
        raise InvalidParameterError(_SINCE, f"expected a time, got {text[:60]!r}") from error


def _edits(lines: Iterable[str], servers: ServersByName) -> Iterator[TagEdit]:
    rows = csv.DictReader(lines)
    try:
        _check_columns(set(rows.fieldnames or ()))
        for row in rows:
            yield _edit(servers, row)
    except (ComplianceError, csv.Error) as error:
        raise InvalidTagFileError(rows.line_num, str(error)) from error


def _check_columns(columns: set[str]) -> None:
    if not set(COLUMNS) <= columns <= {*COLUMNS, _SINCE}:
        raise ComplianceError(f"expected the columns {', '.join(COLUMNS)}")


def _edit(servers: ServersByName, row: Mapping[str, str]) -> TagEdit:
    if None in row.values() or None in row:
        raise ComplianceError("expected a cell for each column")
    since = row.get(_SINCE)
    return TagEdit(
        servers.one(row["servidor"]).id,
        key_of(row["clave"]),
        value_of(row["valor"]),
        moment_of(since) if since else None,
    )
