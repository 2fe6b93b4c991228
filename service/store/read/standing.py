"""What is so now of what a message told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from service.store.engines import Connection
from service.store.server_event import ENDS
from service.store.write.outbox_rows import Document

UNRECORDED = "no_consta"


class Standing(NamedTuple):
    """Of a key of a rule on a server, or of what happens to a server itself.

    state: abierta; sin_confirmar: it opened anew, and is not told yet; desconocida: it goes on, but
    its newest verdict is unknown; cerrada; no_consta: nothing is recorded of it. ended_as, at: of
    cerrada, how and when; at: of the others, since when.
    """

    state: str
    ended_as: str | None = None
    at: int | None = None


class FirstSent(NamedTuple):
    """The first of the repetitions of a message. title: null if it was never tried."""

    id: int
    title: str | None
    made_at: int


class RepeatReader:
    """What a message that is sent again is about. Its methods take a snapshot."""

    def __init__(self, queries: Mapping[str, str]) -> None:
        self._queries = queries

    def first(self, connection: Connection, receiver: str, digest: bytes) -> FirstSent | None:
        """The message that others repeat; null once it was removed."""
        wanted = {"receiver": receiver, "digest": digest}
        row = connection.execute(self._queries["repeated_message"], wanted).fetchone()
        return None if row is None else FirstSent(*row)

    def standing(self, connection: Connection, document: Document) -> Standing | None:
        """What is so now of what a notice told; null where that cannot be over, as a clone."""
        if "exencion" in document.facts:  # what ended stays so
            return None
        query = "standing_of_key"
        if not document.rule:
            query = "standing_of_event"
            if ENDS.get(str(document.facts["clase"])) is None:
                return None
        wanted = {"digest": bytes.fromhex(document.violation)}
        row = connection.execute(self._queries[query], wanted).fetchone()
        if row is None:
            return Standing(UNRECORDED)
        opened_at, is_confirmed, ended_at, ended_as, is_unknown = row
        if ended_at is not None:
            return Standing("cerrada", ended_as, ended_at)
        if is_unknown:
            return Standing("desconocida", None, opened_at)
        return Standing("abierta" if is_confirmed else "sin_confirmar", None, opened_at)
