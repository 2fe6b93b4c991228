"""What rules read of a server, and what is to be found out for them."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple, Self

from service.policies.rules.relations import (
    Reads,
    reads_all_processes,
    reads_logins,
    server_columns,
)
from service.policies.rules.rule import Fact


class Needs(NamedTuple):
    """What rules read. server: columns of servidor_vigente; null: all. facts: that they require.

    start: whether it matters how long the server has been running.
    """

    processes: bool  # all of them, in a list or not
    listed: bool
    logins: bool
    server: frozenset[str] | None
    facts: Collection[Fact]
    start: bool

    @classmethod
    def of(cls, reads: Reads, facts: Collection[Fact] = (), *, start: bool = False) -> Self:
        listed = any(relation == "procesos_listados" for relation, _ in reads)
        return cls(
            reads_all_processes(reads),
            listed,
            reads_logins(reads),
            server_columns(reads),
            facts,
            start,
        )

    @classmethod
    def all(cls, facts: Collection[Fact]) -> Self:
        return cls(True, True, True, None, facts, True)
