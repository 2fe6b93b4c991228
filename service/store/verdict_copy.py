"""Copies what is known of rules into another database: texts, verdicts, violations, back-tests.

Most of it stands in no report: the texts of rules and their times, silence, tags, waivers, our own
gaps, the links of the archive's chain. So a rebuilt database takes it from the one before, and each
violation keeps its identity.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from service.store.engines import Connection, Database
from service.store.write.multi_row import insert_rows

# In an order in which each row follows those that it refers to.
COPIED_TABLES = (
    "tag_change",
    "retirement",
    "waiver",
    "waiver_look",
    "policy_text",
    "policy",
    "policy_change",
    "policy_fault",
    "judged",
    "fleet_tick",
    "judgement",
    "verdict_span",
    "violation",
    "late_sighting",
    "relapse_gap",
    "deaf_span",
    "server_event",
    "backtest_job",
    "archive_link",
    "policy_past",
    "past_opening",
    "notice",
    "receiver",
    "told",
    "message",
)
_ROWS_AT_ONCE = 100

Row = tuple[Any, ...]


def copy_verdicts(source: Database, target: Database, queries: Mapping[str, str]) -> int:
    """Replaces what the target knows of rules by what the source does. How many violations.

    A server is the one with the same identity; one that the target lacks is left out. A cursor goes
    no further than the reports of the target. Raises StorageUnavailableError.
    """
    copied = 0
    with target.transaction() as after, source.snapshot() as before:
        servers = _same_servers(before, after, queries)
        for table in reversed(COPIED_TABLES):
            after.execute(f"DELETE FROM {table}")  # noqa: S608 — names of ours
        for table in COPIED_TABLES:
            result = before.execute(f"SELECT * FROM {table}")  # noqa: S608 — likewise
            columns = [str(column[0]) for column in result.description or ()]
            rows = iter(_known(result, columns, servers))
            if columns[0] == "violation_id":
                copied_rows = {row[0] for row in after.execute(queries["copied_violations"])}
                rows = (row for row in rows if row[0] in copied_rows)
            names = ", ".join(columns)
            values = ", ".join(f":{name}" for name in columns)
            insert = f"INSERT INTO {table} ({names}) VALUES ({values})"  # noqa: S608 — likewise
            while some := list(islice(rows, _ROWS_AT_ONCE)):
                insert_rows(after, insert, some)
                copied += len(some) if table == "violation" else 0
        after.execute(queries["limit_copied_cursors"])
        after.execute(queries["restart_copied_policy_pasts"])
    return copied


def _same_servers(
    before: Connection, after: Connection, queries: Mapping[str, str]
) -> dict[int, int]:
    """The number of each server in the other database."""
    numbers = {row[1:]: row[0] for row in after.execute(queries["server_identities"])}
    found = {row[0]: numbers.get(row[1:]) for row in before.execute(queries["server_identities"])}
    return {number: other for number, other in found.items() if other is not None}


def _known(rows: Iterable[Row], columns: list[str], servers: Mapping[int, int]) -> Iterator[Row]:
    """The rows of servers that the target has, with their numbers there."""
    if "server_id" not in columns:
        yield from rows
        return
    at = columns.index("server_id")
    successor_at = columns.index("successor_id") if "successor_id" in columns else None
    for row in rows:
        if row[at] is None:  # of the service itself, or a waiver of a tag or a network
            yield row
        elif row[at] in servers:
            known = [*row]
            known[at] = servers[row[at]]
            if successor_at is not None:
                known[successor_at] = servers.get(row[successor_at])
            yield tuple(known)
