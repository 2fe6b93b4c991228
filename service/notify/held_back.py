"""Holds back messages of what is waived, and sends them once it is waived no more.

Only that something is open is held back: what a receiver was told is closed, whatever is waived.
That it was not told stands in `told`, so nothing is lost or said twice after any kill.
"""

from __future__ import annotations

from typing import NamedTuple

from service.store.engines import Connection
from service.store.read.waivers import WaiversInForce
from service.store.write.held_messages import HELD
from service.store.write.notices import digest_of
from service.store.write.outbox import Outbox
from service.store.write.outbox_rows import Notice, OpenViolation, Told


class Released(NamedTuple):
    """What is open and waived no more. notice: of its opening; null where none is kept."""

    violation: OpenViolation
    notice: Notice | None


class HeldBack:
    """Of one receiver."""

    def __init__(self, name: str, outbox: Outbox) -> None:
        self._name, self._outbox = name, outbox

    def in_force(self, connection: Connection, now: int) -> WaiversInForce:
        return self._outbox.held.in_force(connection, now)

    def hold(self, connection: Connection, case: bytes, subject: bytes, now: int) -> None:
        self._outbox.put_told(connection, Told(self._name, case, subject, HELD, now))

    def hold_back(self, connection: Connection, now: int) -> None:
        """Takes what is waived now out of what waits and was not tried."""
        in_force = self.in_force(connection, now)
        if in_force.is_empty:
            return
        for each in self._outbox.held.untried_openings(connection, self._name):
            place = (each.rule, each.server_id, each.violation_kind, each.key)
            if in_force.lasting(*place) is None:
                continue
            self._outbox.drop(connection, each.id)
            if each.kind != "abierta_y_resuelta":  # nothing is open any more
                self.hold(connection, each.case_digest, each.subject, now)

    def released(self, connection: Connection, now: int) -> list[Released]:
        """What was held back, is open, and is waived no more."""
        held = self._outbox.held.cases(connection, self._name)
        if not held:
            return []
        in_force = self.in_force(connection, now)
        return [
            Released(row, self._notice(connection, row))
            for row in self._outbox.open_violations(connection, now)
            if row.case_digest in held
            and in_force.lasting(row.rule, row.server_id, row.kind, row.key) is None
        ]

    def _notice(self, connection: Connection, row: OpenViolation) -> Notice | None:
        """The notice that the evaluator made of its opening."""
        digest = digest_of(row.digest.hex(), "abierta", 1)
        number = self._outbox.held.notice_id(connection, digest)
        if number is None:
            return None
        return self._outbox.notices_after(connection, number - 1, 1)[0]
