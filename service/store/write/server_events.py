"""Stores what happens to servers themselves, and notes it for those who are to be told."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from service import times
from service.store.damping import Damping, Told
from service.store.engines import Connection
from service.store.server_event import ENDS, LAG, SEVERITIES, ServerEvent
from service.store.verdict_rows import Bound
from service.store.write.multi_row import select_rows
from service.store.write.notices import NamedServer, NewNotice, NoticeStore, bound_of, digest_of

RESOLVED, RETIRED = "resuelta", "retirado"  # how one ends

_NEWEST = 50  # events of a subject: more than decide whether the next one is told


class ServerEventStore:
    """Call its methods within a snapshot or a transaction of the connection.

    notices: null where nobody is to be told of anything.
    """

    def __init__(self, queries: Mapping[str, str], notices: NoticeStore | None = None) -> None:
        self._queries, self._notices = queries, notices

    def open(
        self, connection: Connection, servers: Iterable[int]
    ) -> dict[tuple[int | None, str], ServerEvent]:
        """What goes on on some servers, by server and kind."""
        rows = select_rows(
            connection, self._queries["open_server_events"], [(server,) for server in servers]
        )
        return _by_kind(rows)

    def open_of_evaluator(self, connection: Connection) -> ServerEvent | None:
        rows = connection.execute(self._queries["open_service_events"]).fetchall()
        return _by_kind(rows).get((None, LAG))

    def is_new_clone(self, connection: Connection, server_id: int, report_id: int) -> bool:
        """Whether a report shows a clone for the first time."""
        of_server, of_report = {"server_id": server_id}, {"report_id": report_id}
        (is_known,) = connection.execute(self._queries["is_clone_known"], of_server).fetchone()
        if is_known:
            return False
        row = connection.execute(self._queries["is_cloned_then"], of_report).fetchone()
        return row is not None and bool(row[0])

    def before_clone(self, connection: Connection, server_id: int, report_id: int) -> Bound | None:
        """The last report of the machines that have the same id, before a report of this one."""
        place = {"server_id": server_id, "report_id": report_id}
        row = connection.execute(self._queries["newest_of_other_sibling"], place).fetchone()
        return None if row is None else Bound(*row)

    def save(self, connection: Connection, events: Iterable[ServerEvent]) -> None:
        """Stores events that are new or over, and notes each. Call within a transaction."""
        for event in events:
            if event.number is None:
                query = self._queries["add_server_event"]
                row = connection.execute(query, event.values()).fetchone()
                if row is None:  # it is there already
                    continue
                event.number = int(row[0])
                self._note(connection, event, self._told(connection, event))
            if event.ended is not None:
                connection.execute(self._queries["end_server_event"], event.end_values())
                self._note(connection, event, None)

    def _told(self, connection: Connection, event: ServerEvent) -> Told:
        of_subject = {"subject": event.subject, "limit": _NEWEST}
        rows = connection.execute(self._queries["events_of_subject"], of_subject).fetchall()
        damping, told = Damping(), Told.ABIERTA
        for row in reversed(rows):
            each = ServerEvent.of_row(tuple(row))
            ended_at = None if each.ended is None else each.ended.received_at
            told = damping.take(each.since.received_at, ended_at)
        return told

    def _note(self, connection: Connection, event: ServerEvent, told: Told | None) -> None:
        """told: of its beginning; null for its end."""
        if self._notices is None:
            return
        if told is not None:
            kind, bound, what = event.kind, event.since, "abierta"
            kind = kind if told is Told.ABIERTA else str(told)
        else:
            end, bound, what = ENDS[event.kind], event.ended or event.since, "fin"
            kind = "cerrada" if event.ended_as == RETIRED or end is None else end
        server = None
        if event.server_id is not None:
            server = self._notices.server(connection, event.server_id)
        notice = NewNotice(
            digest=digest_of(event.digest.hex(), what, 1),
            kind=kind,
            violation_digest=event.digest,
            case_digest=event.digest,
            subject=event.subject,
            rule="",
            severity=SEVERITIES[event.kind],
            at=bound.received_at,
            due_at=bound.received_at,
            made_at=times.now(),
            document=json.dumps(event_document(event, server), ensure_ascii=False),
        )
        self._notices.add(connection, notice)


def event_document(event: ServerEvent, server: NamedServer | None) -> dict[str, Any]:
    """What was so, as messages say it."""
    return {
        "politica": None,
        "titulo": {},
        "servidor": event.server_id,
        "ip_server": None if server is None else server.ipaddress,
        "nombre_host": None if server is None else server.nombre_host,
        "clase": event.kind,
        "motivo": {},
        "abierta_entre": [bound_of(event.after), bound_of(event.since)],
        "terminada": bound_of(event.ended),
        "fin": event.ended_as,
        "pagina": "/" if event.server_id is None else f"/servidor/{event.server_id}",
    }


def _by_kind(rows: Iterable[Any]) -> dict[tuple[int | None, str], ServerEvent]:
    events = (ServerEvent.of_row(tuple(row)) for row in rows)
    return {(event.server_id, event.kind): event for event in events}
