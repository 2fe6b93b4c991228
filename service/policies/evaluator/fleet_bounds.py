"""What names a verdict of a rule about the fleet as a bound.

A tick judges what arrived since the tick before. Where the server itself reported meanwhile, its
report is the bound. Otherwise reports of others may have changed the verdict: the last of these is
named and hashed. Where none came after the text was taken up, the tick itself is the bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from service.store.read.unjudged import NewestRecord, NewestReport
from service.store.verdict_rows import Bound, event_bound, event_digest, tick_bound


class Tick(NamedTuple):
    """A tick. records: the newest of each server until then. newest: the last report of all."""

    at: int
    previous_at: int
    records: Mapping[int, NewestRecord]
    newest: NewestReport

    def bound(self, server_id: int, taken_up_at: int) -> tuple[Bound, str]:
        """The bound of a verdict of a text on a server, and its digest in hex."""
        own, since = self.records.get(server_id), max(self.previous_at, taken_up_at)
        if own is not None and own.received_at > since:
            return own.bound, own.digest.hex()
        bound = tick_bound(self.at)
        if self.newest.server_id != server_id and self.newest.received_at > since:
            bound = event_bound("informe_ajeno", self.at, self.at, self.newest.digest.hex())
        return bound, event_digest(bound)
