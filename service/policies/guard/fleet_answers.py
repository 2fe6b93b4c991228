"""What statements give about the fleet, by server."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Any

from service.errors import StatementBrokenError, StatementLimitError, StatementRefusedError
from service.policies.guard.evidence import Row
from service.policies.guard.limits import Limits
from service.policies.guard.verdict import Answer
from service.store.engines.sandbox import MAX_CHARACTERS, Sandbox, characters


def named(columns: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(reversed(columns), reversed(row), strict=True))  # the first of a name stays


class FleetAnswers:
    """The rows of each statement by server; each runs once, for all servers.

    What one server reports may be more than a statement may give: of each there are the first rows.
    """

    def __init__(self, sandbox: Sandbox, now: str, limits: Limits) -> None:
        self._sandbox = sandbox
        self._now = now
        self._limits = limits
        self._answers: dict[str, dict[Any, Answer]] = {}
        self._errors: dict[str, Exception] = {}

    def of(self, server: int, sql: str) -> Answer:
        if sql not in self._answers and sql not in self._errors:
            try:
                self._answers[sql] = self._ask(sql)
            except (StatementBrokenError, StatementLimitError, StatementRefusedError) as error:
                self._errors[sql] = error
        if sql in self._errors:
            raise self._errors[sql]
        return self._answers[sql].get(server, Answer(()))

    def _ask(self, sql: str) -> dict[Any, Answer]:
        columns, rows = self._sandbox.each(
            sql, {"ahora": self._now}, seconds=self._limits.fleet_seconds
        )
        by_server: dict[Any, list[Row]] = {}
        cut: set[Any] = set()
        count = size = 0
        with closing(rows):
            for values in rows:
                row = named(columns, values)
                server = row.get("servidor")
                own = by_server.setdefault(server, [])
                if len(own) == self._limits.fleet_rows_each:
                    cut.add(server)
                    continue
                count, size = count + 1, size + characters(values)
                if count > self._limits.fleet_rows:
                    raise StatementLimitError(f"more than {self._limits.fleet_rows} rows")
                if size > MAX_CHARACTERS:
                    raise StatementLimitError(f"more than {MAX_CHARACTERS} characters in its rows")
                own.append(row)
        why = f"more than {self._limits.fleet_rows_each} rows"
        return {
            server: Answer(own, why if server in cut else None) for server, own in by_server.items()
        }
