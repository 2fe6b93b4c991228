"""Messages that are held back, since what they tell is waived: the queries of the sender."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from service.store.engines import Connection
from service.store.read.waivers import WaiverReader, WaiversInForce

HELD = "exenta"  # in `told`: a receiver was not told of it, for it is waived


class Opening(NamedTuple):
    """A message that something is open, which was not tried. key: JSON."""

    id: int
    kind: str
    case_digest: bytes
    subject: bytes
    rule: str
    server_id: int
    violation_kind: str
    key: str


class HeldMessages:
    """Call its methods within a snapshot or a transaction of the connection."""

    def __init__(self, queries: Mapping[str, str]) -> None:
        self._queries = queries
        self._waivers = WaiverReader(queries)

    def in_force(self, connection: Connection, now: int) -> WaiversInForce:
        return self._waivers.in_force(connection, None, now)

    def untried_openings(self, connection: Connection, receiver: str) -> list[Opening]:
        of_receiver = {"receiver": receiver}
        rows = connection.execute(self._queries["untried_openings"], of_receiver)
        return [Opening(*row) for row in rows]

    def cases(self, connection: Connection, receiver: str) -> set[bytes]:
        """Those of which a receiver was told nothing, for they are waived."""
        wanted = {"receiver": receiver, "state": HELD}
        return {bytes(row[0]) for row in connection.execute(self._queries["held_cases"], wanted)}

    def notice_id(self, connection: Connection, digest: bytes) -> int | None:
        """The number of the notice with this digest."""
        row = connection.execute(self._queries["notice_of_digest"], {"digest": digest}).fetchone()
        return None if row is None else int(row[0])
