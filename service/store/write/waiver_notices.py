"""Notes that waivers come to their end, and that they ended, for those who are to be told."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from service import times
from service.store.engines import MAX_INTEGER, Connection
from service.store.read.waivers import Waiver
from service.store.write.notices import NewNotice, NoticeStore, digest_of

COMES_TO_ITS_END, ENDED = "exencion_por_vencer", "exencion_terminada"
WAIVER_MESSAGES = (COMES_TO_ITS_END, ENDED)


class _Found(NamedTuple):
    """A waiver, and what messages say beside it. is_renewed: a longer one takes its place."""

    waiver: Waiver
    severity: str
    ipaddress: str | None
    nombre_host: str | None
    is_renewed: bool


class WaiverNotices:
    """Of each end one notice, whoever looks when; what ended before the first look is none's."""

    def __init__(self, queries: Mapping[str, str]) -> None:
        self._queries, self._notices = queries, NoticeStore(queries)

    def is_due(self, connection: Connection, now: int) -> bool:
        """Whether note() would note something. connection: of a snapshot."""
        since = self._since(connection)
        return since is None or next(self._new(connection, since, now), None) is not None

    def note(self, connection: Connection, now: int) -> None:
        """Notes what came to its end, or near to it, since the last look. In a transaction."""
        since = self._since(connection)
        if since is not None:
            if now <= since:  # our own clock was set back
                return
            for notice in self._new(connection, since, now):
                self._notices.add(connection, notice)
        connection.execute(self._queries["put_waivers_looked_at"], {"until_at": now})

    def _since(self, connection: Connection) -> int | None:
        row = connection.execute(self._queries["waivers_looked_at"]).fetchone()
        return None if row is None else int(row[0])

    def _new(self, connection: Connection, since: int, now: int) -> Iterator[NewNotice]:
        wanted = {"since": since, "told_until": MAX_INTEGER}
        for row in connection.execute(self._queries["waivers_to_tell"], wanted).fetchall():
            severity, address, host, is_renewed = row[-4:]
            found = _Found(Waiver(*row[:-4]), severity, address, host, bool(is_renewed))
            waiver = found.waiver
            if since < waiver.ends_at <= now:
                yield _notice(found, ENDED, waiver.ends_at, now)
            elif since < waiver.warns_at <= now < waiver.ends_at and not found.is_renewed:
                yield _notice(found, COMES_TO_ITS_END, waiver.warns_at, now)


def _notice(found: _Found, kind: str, at: int, now: int) -> NewNotice:
    waiver = found.waiver
    of_waiver = digest_of("exencion", waiver.rule, waiver.at)
    return NewNotice(
        digest=digest_of(of_waiver.hex(), kind, 1),
        kind=kind,
        violation_digest=of_waiver,
        case_digest=of_waiver,
        subject=of_waiver,
        rule=waiver.rule,
        severity=found.severity,
        at=at,
        due_at=at,
        made_at=now,
        document=json.dumps(_document(found), ensure_ascii=False),
    )


def _document(found: _Found) -> dict[str, Any]:
    """What was so. Its key is left out: a rule may read command lines."""
    waiver = found.waiver
    return {
        "exencion": waiver.id,
        "politica": waiver.rule,
        "titulo": {},
        "servidor": waiver.server_id,
        "ip_server": found.ipaddress,
        "nombre_host": found.nombre_host,
        "etiqueta": waiver.tag,
        "red": waiver.network,
        "motivo": {"es": waiver.reason, "en": waiver.reason},
        "por": waiver.told_by,
        "dicha": times.to_text(waiver.at),
        "hasta": times.to_text(waiver.ends_at),
        "revocada": waiver.revoked_at is not None,
        "pagina": f"/dispensas#waiver-{waiver.id}",
    }
