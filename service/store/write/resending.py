"""Asks the sender to send a message again, as an administrator wants. It is audited first."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from service import times
from service.auth.audit_entries import MESSAGE_AGAIN
from service.auth.audit_log import AuditLog
from service.errors import MessageNotFoundError, NotSentAgainError
from service.store.engines import Database
from service.store.write.notices import digest_of

Facts = Mapping[str, str | int | None]


class Resending:
    def __init__(
        self,
        database: Database,
        queries: Mapping[str, str],
        audit_log: AuditLog,
        clock: Callable[[], int] = times.now,
    ) -> None:
        self._database, self._queries = database, queries
        self._audit_log, self._clock = audit_log, clock

    def again(self, number: int, asker: Facts) -> int:
        """The number of the message that repeats it: the one that waits, or a new one.

        asker: who asks, for the audit log. Raises MessageNotFoundError, NotSentAgainError and
        StorageUnavailableError.
        """
        with self._database.transaction() as connection:
            query = self._queries["message_to_repeat"]
            row = connection.execute(query, {"id": number}).fetchone()
            if row is None:
                raise MessageNotFoundError(number)
            receiver, state, first, waits, is_named = row
            if state == "esperando":
                raise NotSentAgainError(f"message {number} waits, and is sent without asking")
            if not is_named:
                raise NotSentAgainError(f"the file of receivers does not name {receiver} any more")
            if waits is not None:
                return int(waits)
            self._audit_log.write(
                MESSAGE_AGAIN, **asker, mensaje=number, id=first.hex(), receptor=receiver
            )
            now = self._clock()
            repeat = {
                "id": number,
                "digest": digest_of("reenvio", first.hex(), receiver, now),
                "again_of": first,
                "now": now,
            }
            made = connection.execute(self._queries["repeat_message"], repeat).fetchone()
            return int(made[0])
