"""Digests of what is open: for a receiver that is new, hears more, or has lost messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from service.notify.composing import Composer
from service.notify.held_back import HeldBack
from service.notify.receivers import Receiver
from service.notify.shapes import SHAPES
from service.notify.tag_watch import TagWatch
from service.store.engines import Connection
from service.store.read.tags import Told as Tagged
from service.store.server_event import SEVERITIES, ServerEvent
from service.store.write.held_messages import HELD
from service.store.write.notices import NamedServer, digest_of, subject_of
from service.store.write.outbox import Outbox
from service.store.write.outbox_rows import OpenViolation, Told

OPEN = "resumen"  # a digest of what is open


class OpenNow:
    """Of one receiver. What is in a digest is told then."""

    def __init__(
        self,
        receiver: Receiver,
        outbox: Outbox,
        composer: Composer,
        held_back: HeldBack,
        tags: TagWatch,
    ) -> None:
        self._receiver, self._outbox, self._composer = receiver, outbox, composer
        self._held_back, self._tags = held_back, tags
        self._name = receiver.name

    def wants(self, connection: Connection, row: OpenViolation) -> bool:
        return self._receiver.listens_to(row.rule, row.severity) and self._tags.bears(
            connection, row.server_id, Tagged()
        )

    def violations(self, connection: Connection, now: int) -> list[OpenViolation]:
        """Those that it listens to, and that are not waived."""
        in_force = self._held_back.in_force(connection, now)
        return [
            row
            for row in self._heard(connection, now)
            if in_force.lasting(row.rule, row.server_id, row.kind, row.key) is None
        ]

    def events(self, connection: Connection) -> list[tuple[ServerEvent, NamedServer]]:
        """What goes on of servers themselves, and of the evaluator."""
        return [
            (event, server)
            for event, server in self._outbox.open_events(connection)
            if self._receiver.listens_to("", SEVERITIES[event.kind])
            and self._tags.bears(connection, event.server_id, Tagged())
        ]

    def _heard(self, connection: Connection, now: int) -> list[OpenViolation]:
        rows = self._outbox.open_violations(connection, now)
        bearers = {
            server_id
            for server_id in {row.server_id for row in rows}
            if self._tags.bears(connection, server_id, Tagged())
        }
        return [
            row
            for row in rows
            if self._receiver.listens_to(row.rule, row.severity) and row.server_id in bearers
        ]

    def tell(
        self, connection: Connection, reason: str, now: int, *, only_if_any: bool = False
    ) -> None:
        """One digest of what is open and not waived.

        reason: nuevo leaves out what was told already, perdido does not.
        """
        found = []
        in_force = self._held_back.in_force(connection, now)
        for row in self._heard(connection, now):
            known = self._outbox.told(connection, self._name, row.case_digest)
            is_untold = known in {None, HELD}
            if not (is_untold or reason == "perdido"):
                continue
            if in_force.lasting(row.rule, row.server_id, row.kind, row.key) is None:
                found.append(row)
            elif is_untold:
                self._held_back.hold(connection, row.case_digest, _subject(row), now)
        events = self._tell_events(connection, reason, now)
        if found or events or not only_if_any:
            self.tell_rows(connection, found, events, reason, now)

    def tell_rows(
        self,
        connection: Connection,
        found: Sequence[OpenViolation],
        events: Sequence[dict[str, Any]],
        reason: str,
        now: int,
    ) -> None:
        self._note(connection, found, now)
        if not self._receiver.hears(OPEN):
            return
        digest = digest_of(OPEN, self._name, reason, now)
        entries = [*(self._composer.open_entry(row) for row in found), *events]
        letter = self._composer.digest(digest.hex(), reason, entries)
        body = SHAPES[self._receiver.kind](letter)
        severities = {row.severity for row in found} | {each["severidad"] for each in events}
        critical = "critica" in severities
        self._outbox.add(
            connection,
            self._name,
            digest=digest,
            kind=OPEN,
            made_at=now,
            not_before=self._receiver.quiet_until(now, "critica" if critical else "alta"),
            body=body,
            title=letter.title,
            critical=critical,
        )

    def _note(self, connection: Connection, found: Sequence[OpenViolation], now: int) -> None:
        for row in found:
            told = Told(self._name, row.case_digest, _subject(row), "abierta", now)
            self._outbox.put_told(connection, told)

    def _tell_events(self, connection: Connection, reason: str, now: int) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = []
        for event, server in self.events(connection):
            if (
                reason != "perdido"
                and self._outbox.told(connection, self._name, event.digest) is not None
            ):
                continue
            state = Told(self._name, event.digest, event.subject, "abierta", now)
            self._outbox.put_told(connection, state)
            told.append(self._composer.open_event(event, server))
        return told


def _subject(row: OpenViolation) -> bytes:
    return subject_of(row.rule, row.identity, row.sibling, row.kind, row.key)
