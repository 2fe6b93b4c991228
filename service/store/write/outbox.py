"""The queue of messages: the sender's side. Nobody else writes these tables, but
`resending.py`, which adds messages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from service.store.engines import Connection
from service.store.server_event import ServerEvent
from service.store.write.held_messages import HeldMessages
from service.store.write.multi_row import select_rows
from service.store.write.notices import NamedServer
from service.store.write.outbox_rows import (
    Document,
    Due,
    Notice,
    OpenViolation,
    ReceiverState,
    Told,
    Written,
)


class Outbox:
    """Call its methods within a snapshot or a transaction of the connection."""

    def __init__(self, queries: Mapping[str, str]) -> None:
        self.queries = queries
        self.held = HeldMessages(queries)

    def _run(self, connection: Connection, query: str, **values: object) -> Any:  # noqa: ANN401
        return connection.execute(self.queries[query], values)

    def receiver(self, connection: Connection, name: str) -> ReceiverState | None:
        row = self._run(connection, "receiver_state", name=name).fetchone()
        return None if row is None else ReceiverState(*row)

    def receivers(self, connection: Connection) -> list[ReceiverState]:
        return [ReceiverState(*row) for row in self._run(connection, "receivers_known")]

    def put_receiver(self, connection: Connection, state: ReceiverState) -> None:
        self._run(connection, "put_receiver", **asdict(state))

    def leave_out(self, connection: Connection, name: str) -> None:
        """The file does not name this receiver any more."""
        self._run(connection, "leave_out_receiver", name=name)

    def newest_notice(self, connection: Connection) -> int:
        return int(self._run(connection, "newest_notice").fetchone()[0])

    def oldest_notice(self, connection: Connection) -> int:
        """0 if there is none."""
        return int(self._run(connection, "oldest_notice").fetchone()[0])

    def notices_after(self, connection: Connection, number: int, limit: int) -> list[Notice]:
        rows = self._run(connection, "notices_after", id=number, limit=limit)
        return [Notice(*row) for row in rows]

    def documents(self, connection: Connection, numbers: Iterable[int]) -> list[Document]:
        """In no particular order."""
        query = self.queries["notice_documents"]
        rows = select_rows(connection, query, [(number,) for number in numbers])
        return [
            Document(number, kind, violation.hex(), case.hex(), rule, severity, at, json.loads(doc))
            for number, kind, violation, case, rule, severity, at, doc in rows
        ]

    def told(self, connection: Connection, receiver: str, case: bytes) -> str | None:
        """What a receiver was told of a case: abierta, inestable or cerrada; null: nothing."""
        row = self._run(connection, "told_case", receiver=receiver, case_digest=case).fetchone()
        return None if row is None else str(row[0])

    def unstable_case(self, connection: Connection, receiver: str, subject: bytes) -> bytes | None:
        row = self._run(connection, "told_unstable", receiver=receiver, subject=subject).fetchone()
        return None if row is None else bytes(row[0])

    def put_told(self, connection: Connection, told: Told) -> None:
        self._run(connection, "put_told", **told._asdict())

    def forget_told(self, connection: Connection, receiver: str, case: bytes) -> None:
        self._run(connection, "forget_told", receiver=receiver, case_digest=case)

    def add(  # noqa: PLR0913 — the columns
        self,
        connection: Connection,
        receiver: str,
        *,
        digest: bytes,
        kind: str,
        made_at: int,
        not_before: int,
        notice_id: int | None = None,
        subject: bytes | None = None,
        case_digest: bytes | None = None,
        body: str | None = None,
        title: str | None = None,
        critical: bool | None = None,
    ) -> int:
        """critical: whether it tells something critical, where no notice says so."""
        row = self._run(
            connection,
            "add_message",
            receiver=receiver,
            digest=digest,
            kind=kind,
            notice_id=notice_id,
            subject=subject,
            case_digest=case_digest,
            made_at=made_at,
            not_before=not_before,
            body=body,
            title=title,
            critical=None if critical is None else int(critical),
        ).fetchone()
        return int(row[0])

    def untried(
        self, connection: Connection, receiver: str, notice: Notice, kind: str
    ) -> tuple[int, int] | None:
        """The number of the message of a case that was not tried, and of its notice."""
        row = self._run(
            connection,
            "untried_message",
            receiver=receiver,
            subject=notice.subject,
            case_digest=notice.case_digest,
            kind=kind,
        ).fetchone()
        return None if row is None else (int(row[0]), int(row[1]))

    def calm(self, connection: Connection, receiver: str, subject: bytes) -> int | None:
        row = self._run(connection, "waiting_calm", receiver=receiver, subject=subject).fetchone()
        return None if row is None else int(row[0])

    def change(
        self, connection: Connection, number: int, notice: Notice, kind: str, not_before: int
    ) -> None:
        self._run(
            connection,
            "change_message",
            id=number,
            digest=notice.digest,
            kind=kind,
            notice_id=notice.id,
            case_digest=notice.case_digest,
            not_before=not_before,
        )

    def drop(self, connection: Connection, number: int) -> None:
        self._run(connection, "drop_message", id=number)

    def is_critical(self, connection: Connection, due: Due) -> bool | None:
        """Whether it tells something critical; null if that is not known."""
        (found,) = self._run(connection, "is_message_critical", id=due.id).fetchone()
        return None if found is None else bool(found)

    def delay(self, connection: Connection, due: Due, not_before: int) -> None:
        self._run(connection, "delay_message", id=due.id, not_before=not_before)

    def due(self, connection: Connection, receiver: str, now: int) -> Due | None:
        row = self._run(connection, "due_message", receiver=receiver, now=now).fetchone()
        return None if row is None else Due(*row)

    def untried_messages(
        self, connection: Connection, receiver: str, now: int, limit: int
    ) -> list[tuple[int, int, str, int]]:
        """(message, notice, rule, when that was known)"""
        rows = self._run(connection, "untried_messages", receiver=receiver, now=now, limit=limit)
        return [tuple(row) for row in rows]

    def gather(self, connection: Connection, digest_id: int, messages: Sequence[int]) -> None:
        for number in messages:
            self._run(connection, "put_into_digest", digest_id=digest_id, id=number)

    def carried_by(self, connection: Connection, digest_id: int) -> list[tuple[int, str]]:
        """The notice and the kind of each message that a digest carries."""
        return [tuple(row) for row in self._run(connection, "messages_of_digest", id=digest_id)]

    def sent_since(self, connection: Connection, receiver: str, since: int) -> tuple[int, int]:
        """How many messages it took, and how many of them are digests."""
        row = self._run(connection, "sent_since", receiver=receiver, since=since).fetchone()
        return int(row[0]), int(row[1])

    def note_try(self, connection: Connection, due: Due, written: Written, now: int) -> None:
        self._run(connection, "try_message", id=due.id, now=now, **written._asdict())

    def put_off(self, connection: Connection, due: Due, next_at: int, error: str) -> None:
        self._run(connection, "put_off_message", id=due.id, next_at=next_at, error=error)

    def end(
        self, connection: Connection, due: Due, *, is_sent: bool, error: str | None, now: int
    ) -> None:
        state = "enviado" if is_sent else "fallido"
        self._run(connection, "end_message", id=due.id, state=state, error=error, now=now)

    def cases_told_by(self, connection: Connection, due: Due) -> list[bytes]:
        """The cases whose opening a message tells, or one that it carries."""
        return [bytes(row[0]) for row in self._run(connection, "cases_of_message", id=due.id)]

    def waiting(self, connection: Connection) -> dict[str, int]:
        """How many messages wait, by receiver."""
        return {str(row[0]): int(row[1]) for row in self._run(connection, "waiting_messages")}

    def drop_waiting(self, connection: Connection, receiver: str) -> None:
        """Removes what waits for a receiver."""
        self._run(connection, "drop_waiting", receiver=receiver)

    def forget_all(self, connection: Connection, receiver: str) -> None:
        """Forgets all that a receiver was told."""
        self._run(connection, "forget_all_told", receiver=receiver)

    def backlog(self, connection: Connection, receiver: str) -> tuple[int, int | None, int]:
        """How many messages wait, since when, and how many were set aside."""
        waiting, since, failed = self._run(
            connection, "backlog_of_receiver", receiver=receiver
        ).fetchone()
        return int(waiting), since, int(failed)

    def drop_reminders(self, connection: Connection, receiver: str) -> None:
        self._run(connection, "drop_reminders", receiver=receiver)

    def hurry(self, connection: Connection, receiver: str) -> None:
        self._run(connection, "hurry_messages", receiver=receiver)

    def open_violations(self, connection: Connection, now: int) -> list[OpenViolation]:
        rows = self._run(connection, "open_to_tell", now=now)
        return [OpenViolation(*row) for row in rows]

    def open_events(self, connection: Connection) -> list[tuple[ServerEvent, NamedServer]]:
        """What goes on of servers themselves, and of the evaluator, whose server is empty."""
        rows = [tuple(row) for row in self._run(connection, "events_to_tell")]
        named = len(NamedServer._fields)
        return [(ServerEvent.of_row(row[:-named]), NamedServer(*row[-named:])) for row in rows]

    def tidy(self, connection: Connection, messages: int, notices: int, told: int) -> None:
        """Removes what ended before these moments."""
        self._run(connection, "remove_old_messages", before=messages)
        self._run(connection, "remove_left_messages", before=messages)
        self._run(connection, "remove_old_notices", before=notices)
        self._run(connection, "remove_old_told", before=told)
