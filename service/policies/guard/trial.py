"""Runs statements over some processes of a report, to find out what these alone give."""

from __future__ import annotations

from collections.abc import Sequence

from service.policies.guard.limits import Limits
from service.policies.guard.needs import Needs
from service.policies.guard.running_processes import Process
from service.policies.guard.swept_relations import SweptRelations
from service.policies.guard.workspace import Workspace
from service.store.engines.sandbox import Rows

_MOST_ROWS = 1_000  # of an answer
_SHARE = 0.1  # of the limit of a statement: over all processes, one that takes longer may pass it


class Trial(SweptRelations):
    """Relations of its own. most_rows: of an answer that is looked at.

    Its methods raise StatementRefusedError, StatementBrokenError, StatementLimitError.
    """

    def __init__(self, limits: Limits) -> None:
        # It reads no data files, and the programs of processes tell their kernel threads.
        workspace = Workspace()
        super().__init__(workspace.sandbox, workspace.names, Needs.of(()))
        self._seconds = limits.seconds * _SHARE
        self.most_rows = min(limits.rows, _MOST_ROWS)

    def over_all(self, sql: str, relations: SweptRelations) -> Rows:
        """What a statement gives over all processes of a report."""
        relations.settle()
        return relations.sandbox.first(sql, {}, seconds=self._seconds, max_rows=self.most_rows)

    def over(self, sql: str, relations: SweptRelations, processes: Sequence[Process]) -> Rows:
        """What it gives over some of them."""
        self._hold(relations, processes)
        return self.sandbox.first(sql, {}, seconds=self._seconds, max_rows=self.most_rows)

    def _hold(self, other: SweptRelations, processes: Sequence[Process]) -> None:
        """Holds these processes of the report of other relations, and nothing else of it."""
        server = {"servidor": other.server_id}
        with self.sandbox.trusted() as connection:
            connection.execute("DELETE FROM main.proceso")
            if self._server != server:
                self._server = server
                self._running.has_kthreadd = False
                connection.execute("DELETE FROM con_kthreadd")
                connection.execute(
                    "UPDATE elegido SET desde = :servidor, hasta = :servidor", server
                )
            if self._running.has_kthreadd != other.has_kthreadd:
                self._running.has_kthreadd = other.has_kthreadd
                self._mark_kthreadd(connection)
            self._write(connection, [], processes)
