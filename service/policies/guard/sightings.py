"""Which processes a rule can see: statements that find a row for each of them, by what it runs.

Of a rule that sees few, the reports that change none of these need not be looked at. Another one
may need a process of few programs before it can see any other: where none runs, it finds nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from service.errors import StatementBrokenError, StatementLimitError, StatementRefusedError
from service.policies.guard.judged_rule import JudgedRule
from service.policies.rules.raising import (
    SHORT_TAG,
    raises_at_rows,
    raises_over_rows,
    takes_entries_as_patterns,
)
from service.policies.rules.relations import (
    Reads,
    is_of_processes,
    reads_all_processes,
    reads_processes,
)
from service.policies.rules.sources import Source, sources
from service.policies.rules.sql_text import tokens
from service.store.engines.sandbox import MAX_PATTERN, Sandbox

# What stays as long as a process runs, and is the same for all of its program.
_OF_PROGRAMS = {"", "name", "username", "ejecutable", "linea_comando", "path", "cmdline",
                "lista", "nombre", "por"}  # fmt: skip
_OF_TAGS = {"", "clave", "valor"}
_CONSTANT = {"listas", "redes", "fin_de_vida"}


class Sightings(NamedTuple):
    """Statements that find the processes that a rule can see, by the programs that they run.

    applies: the processes that the statement of `aplica` can see. seen: those that the rule's own
    statement can see; null if it sees all. needed: processes without which the rule's statement
    finds nothing; null if it may find something without them. needed_tags: statements that find the
    servers whose tags may do as well, or break it.
    """

    applies: tuple[str, ...] | None
    seen: tuple[str, ...] | None
    needed: tuple[str, ...] | None
    needed_tags: tuple[str, ...]


class Kind(NamedTuple):
    """sees_few: whether a rule sees few processes. needs: whether it needs some to see any.

    needs_tags: whether some tags may do as well.
    """

    sees_few: bool
    needs: bool
    needs_tags: bool


class Seen(NamedTuple):
    """Numbers of programs that a rule can see, as of Sightings."""

    applies: list[int]
    seen: list[int]
    needed: list[int]


class Relevant(NamedTuple):
    """Numbers of programs that rules can see, by rule; those that see none are left out.

    kthreadd: those by which a report tells that it has kernel threads. threads: those that are
    kernel threads by name.
    """

    kthreadd: list[int]
    threads: list[int]
    rules: dict[str, Seen]


_LISTED = "SELECT pid FROM procesos_listados"
# Rows that a statement may look at, within its limits, before it finds that something is missing.
_MOST_ROWS = 1_000_000
# An entry of a list that breaks what takes it as a pattern.
_TOO_LONG = f"SELECT 1 FROM listas WHERE length(CAST(valor AS BLOB)) > {MAX_PATTERN} LIMIT 1"  # noqa: S608

_LONG_TAGS = f"SELECT servidor FROM etiquetas WHERE length(CAST(valor AS BLOB)) > {SHORT_TAG}"  # noqa: S608


def sightings(sandbox: Sandbox, rule: JudgedRule) -> Sightings:
    """What a rule that was inspected can see."""
    return Sightings(
        _seen(sandbox, rule.applies.query or "", rule.applies_reads),
        _seen(sandbox, rule.sql, rule.reads),
        _needed(sandbox, rule.sql),
        _needed_tags(sandbox, rule.sql),
    )


def _seen(sandbox: Sandbox, sql: str, reads: Reads) -> tuple[str, ...] | None:
    """Null for all processes."""
    if not reads_processes(reads):
        return ()
    found = sources(sql)
    if found is None:
        return None if reads_all_processes(reads) else (_LISTED,)
    raises = raises_at_rows(sql) or _takes_long_entries(sandbox, sql)
    statements: list[str] = []
    for source in found.read:
        if not is_of_processes(source.relation):
            continue
        conditions = list(_of_programs(sandbox, source))
        if raises and not (found.is_filter and len(conditions) == len(source.conditions)):
            conditions = []
        if not conditions and source.relation != "procesos_listados":
            return None
        statements.append(_statement(source, conditions))
    return tuple(statements)


def _needed(sandbox: Sandbox, sql: str) -> tuple[str, ...] | None:
    """Null where it may find rows whatever runs."""
    found = sources(sql)
    if found is None or found.needed is None or raises_over_rows(sql, tags_are_short=True):
        return None
    if found.most > _MOST_ROWS or _takes_long_entries(sandbox, sql):
        return None
    statements: list[str] = []
    for source in found.needed:
        if source.relation == "etiquetas":
            continue
        if not is_of_processes(source.relation):
            return None
        conditions = list(_of_programs(sandbox, source))
        if not conditions and source.relation != "procesos_listados":
            return None
        statements.append(_statement(source, conditions))
    return tuple(statements)


def _needed_tags(sandbox: Sandbox, sql: str) -> tuple[str, ...]:
    found = sources(sql)
    needed = () if found is None else found.needed or ()
    statements = [
        _statement(source, list(_of_columns(sandbox, source, _OF_TAGS)), "servidor")
        for source in needed
        if source.relation == "etiquetas"
    ]
    return (*statements, *([_LONG_TAGS] if raises_over_rows(sql) else []))


def _takes_long_entries(sandbox: Sandbox, sql: str) -> bool:
    if not takes_entries_as_patterns(sql):
        return False
    with sandbox.trusted() as connection:
        return connection.execute(_TOO_LONG).fetchone() is not None


def _statement(source: Source, conditions: Sequence[str], column: str = "pid") -> str:
    where = " AND ".join(f"(\n{condition}\n)" for condition in conditions) or "1"
    shown = column if column == "1" else f"{source.alias}.{column}"
    return f"SELECT {shown} FROM {source.relation} AS {source.alias} WHERE {where}"  # noqa: S608


def _of_programs(sandbox: Sandbox, source: Source) -> Iterator[str]:
    """The conditions that tell of a process by its program alone."""
    return _of_columns(sandbox, source, _OF_PROGRAMS)


def _of_columns(sandbox: Sandbox, source: Source, columns: Collection[str]) -> Iterator[str]:
    """The conditions that tell of a row by these columns alone."""
    for condition in source.conditions:
        if _tells_of_others(condition):
            continue
        try:
            found = sandbox.describe(_statement(source, [condition], "1"), {})
        except (StatementBrokenError, StatementLimitError, StatementRefusedError):
            continue
        if all(
            relation in _CONSTANT or (relation == source.relation and column in columns)
            for relation, column in found.reads
        ):
            yield condition


def _tells_of_others(condition: str) -> bool:
    """Whether it may speak of other processes too, or of the time."""
    words = tokens(condition)
    behind = [*(word.text for word in words[1:]), ""]
    return any(
        word.kind == "parameter" or (is_of_processes(word.name or "") and after != ".")
        for word, after in zip(words, behind, strict=True)
    )
