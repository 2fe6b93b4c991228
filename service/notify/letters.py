"""Writes the letter of a message, when it is tried for the first time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service import times
from service.notify.composing import Again, Composer, Letter
from service.notify.dispatch import CALM, GATHERED, REMINDER
from service.notify.open_now import OPEN, OpenNow
from service.store.engines import Connection
from service.store.read.standing import RepeatReader
from service.store.write.outbox import Outbox
from service.store.write.outbox_rows import Document, Due


class LetterWriter:
    """Of one receiver. Call its methods within a transaction."""

    def __init__(
        self,
        name: str,
        outbox: Outbox,
        repeats: RepeatReader,
        open_now: OpenNow,
        composer: Composer,
    ) -> None:
        self._name, self._outbox, self._composer = name, outbox, composer
        self._repeats, self._open_now = repeats, open_now

    def letter(
        self, connection: Connection, due: Due, kind: str, until: int | None
    ) -> Letter | None:
        """kind: of the message. until: all that was so until then is judged.

        Null of a reminder while nothing is open.
        """
        if due.again_of is None:
            letter = self._first(connection, due, due.id, kind)
            return letter if kind != REMINDER or letter.lines else None
        first = self._repeats.first(connection, self._name, due.again_of)
        number, title, made_at = first or (due.id, None, due.made_at)
        letter = self._first(connection, due, number, kind)
        return self._composer.again(letter, Again(due.again_of.hex(), title, made_at, until))

    def _first(self, connection: Connection, due: Due, number: int, kind: str) -> Letter:
        """number: of the message that is told, or told again."""
        message_id = due.digest.hex()
        if kind == REMINDER:
            return self._composer.digest(message_id, REMINDER, self._open(connection))
        if kind == OPEN:  # again: what is open now
            return self._composer.digest(message_id, "repetido", self._open(connection))
        if kind == GATHERED:
            kinds = dict(self._outbox.carried_by(connection, number))
            documents = self._outbox.documents(connection, kinds)
            documents.sort(key=lambda document: document.id)
            entries = [self._entry(connection, due, kinds[each.id], each) for each in documents]
            return self._composer.digest(message_id, GATHERED, entries)
        (document,) = self._outbox.documents(connection, [due.notice_id or 0])
        entry = self._entry(connection, due, kind, document)
        return self._composer.one(message_id, entry, is_calm=due.kind == CALM)

    def _open(self, connection: Connection) -> list[Mapping[str, Any]]:
        composer = self._composer
        rows = self._open_now.violations(connection, times.now())
        events = self._open_now.events(connection)
        return [composer.open_entry(row) for row in rows] + [
            composer.open_event(event, server) for event, server in events
        ]

    def _entry(
        self, connection: Connection, due: Due, kind: str, document: Document
    ) -> Mapping[str, Any]:
        entry = self._composer.entry(kind, document)
        if due.again_of is None:
            return entry
        standing = self._repeats.standing(connection, document)
        return entry | {"ahora": None if standing is None else self._composer.now_of(standing)}
