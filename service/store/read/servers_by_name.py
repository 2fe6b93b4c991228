"""Finds servers by what people call them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Self

from service.errors import ComplianceError
from service.plain_text import plain
from service.store.engines import Database
from service.store.read.past import PastReader, PastServer


class ServersByName:
    def __init__(self, servers: Sequence[PastServer]) -> None:
        self.all = servers
        self._named: defaultdict[str, list[PastServer]] = defaultdict(list)
        for server in servers:
            for name in server.names:
                self._named[name].append(server)

    @classmethod
    def of(cls, database: Database, queries: Mapping[str, str]) -> Self:
        """Every server of the database. Raises StorageUnavailableError."""
        with database.snapshot() as connection:
            return cls(PastReader(queries).servers(connection))

    def named(self, name: str) -> list[PastServer]:
        """The servers with this number, host name, address or identity."""
        return self._named.get(name, [])

    def one(self, name: str) -> PastServer:
        """Raises ComplianceError where there is none, or more than one."""
        found = self.named(name)
        if not found:
            raise ComplianceError(f"{name[:80]}: there is no such server")
        if len(found) > 1:
            raise ComplianceError(
                f"{name[:80]}: there are {len(found)} such servers; name one by its number:"
                f" {_listed(found)}"
            )
        return found[0]


def _listed(servers: Iterable[PastServer]) -> str:
    return ", ".join(f"{server.id} ({plain(server.name)})" for server in servers)
