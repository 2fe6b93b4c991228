"""Finds servers by what people call them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self

from service.errors import ComplianceError
from service.plain_text import plain
from service.store.engines import Database
from service.store.queries import load_queries
from service.store.read.past import PastReader, PastServer


class ServersByName:
    def __init__(self, servers: Sequence[PastServer]) -> None:
        self.all = servers

    @classmethod
    def of(cls, database: Database) -> Self:
        """Every server of the database. Raises StorageUnavailableError."""
        with database.snapshot() as connection:
            return cls(PastReader(load_queries()).servers(connection))

    def named(self, name: str) -> list[PastServer]:
        """The servers with this number, host name, address or identity."""
        return [server for server in self.all if server.is_called(name)]

    def one(self, name: str) -> PastServer:
        """Raises ComplianceError where there is none, or more than one."""
        found = self.named(name)
        if not found:
            raise ComplianceError(f"{name}: there is no such server")
        if len(found) > 1:
            raise ComplianceError(
                f"{name}: there are {len(found)} such servers; name one by its number:"
                f" {_listed(found)}"
            )
        return found[0]


def _listed(servers: Iterable[PastServer]) -> str:
    return ", ".join(f"{server.id} ({plain(server.name)})" for server in servers)
