"""Which servers waivers are about at a moment: by number, tag or address."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address, ip_network

from service.store.engines import Connection
from service.store.read.moments import Moment, moment_of_verdicts
from service.store.read.tags import Told


class WaivedServers:
    """Reads what it is asked for, once. Use it while its snapshot lasts."""

    def __init__(
        self, connection: Connection, queries: Mapping[str, str], moment: Moment | None
    ) -> None:
        self._connection, self._queries, self._moment = connection, queries, moment
        self._addresses: list[tuple[int, int, int]] | None = None  # server, version, number
        self._in_network: dict[str, frozenset[int]] = {}
        self._with_tag: dict[tuple[str, str], frozenset[int]] = {}

    def in_network(self, network: str) -> frozenset[int]:
        found = self._in_network.get(network)
        if found is None:
            if self._addresses is None:
                self._addresses = self._all_addresses()
            wanted = ip_network(network)
            first, last = int(wanted.network_address), int(wanted.broadcast_address)
            found = self._in_network[network] = frozenset(
                server
                for server, version, number in self._addresses
                if version == wanted.version and first <= number <= last
            )
        return found

    def with_tag(self, key: str, value: str) -> frozenset[int]:
        found = self._with_tag.get((key, value))
        if found is None:
            wanted = Told.at(self._moment)._asdict() | {"key": key, "value": value}
            rows = self._connection.execute(self._queries["servers_with_tag"], wanted)
            found = self._with_tag[key, value] = frozenset(server for (server,) in rows)
        return found

    def _all_addresses(self) -> list[tuple[int, int, int]]:
        place = moment_of_verdicts(self._moment)
        rows = self._connection.execute(self._queries["addresses_at"], place)
        return [(server, *_number(address)) for server, address in rows]


@lru_cache(maxsize=16_384)
def _number(address: str) -> tuple[int, int]:
    """The version of an address, and its number."""
    parsed = ip_address(address)
    return parsed.version, int(parsed)
