"""/notificaciones: what receivers are told, what waits, what was set aside; sends it again."""

from __future__ import annotations

from collections.abc import Sequence

import falcon

from service import times
from service.http.asker import facts_of
from service.http.filters import MESSAGE_STATE, OF_MESSAGES, RECEIVER
from service.http.listing import FORMAT, Listing, csv_is_wanted, show_page, stream_csv
from service.http.parameters import PAGING, Query
from service.store.read.notifications import MessageRow, NotificationStore, ReceiverRow
from service.store.write.resending import Resending

_COLUMNS = (
    *("numero", "id", "receptor", "tipo", "estado", "titulo", "politica", "severidad", "servidor"),
    *("ip_server", "nombre_host", "hecha", "prevista", "intentos", "intentada", "terminada"),
    *("error", "dicha_en", "repite"),
)
_TIMES = ("hecha", "prevista", "intentada", "terminada")


class Notifications:
    def __init__(self, notifications: NotificationStore) -> None:
        self._notifications = notifications

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = Query(req.query_string, *OF_MESSAGES, *PAGING, FORMAT)
        receiver, state = query[RECEIVER], query[MESSAGE_STATE]
        if csv_is_wanted(req, resp, query):
            batches = self._notifications.batches(receiver, state, query.after)
            stream_csv(req, resp, _listing(()), batches)
            return
        page = self._notifications.page(receiver, state, query.after, query.limit)
        beside: dict[str, object] = {
            "remitente": self._notifications.sender(),
            "receptores": [_receiver(each) for each in page.receivers],
        }
        show_page(req, resp, query, _listing(page.messages, beside), page.after)


class SendAgain:
    def __init__(self, resending: Resending) -> None:
        self._resending = resending

    def on_post(self, req: falcon.Request, resp: falcon.Response, message_id: int) -> None:
        Query(req.query_string)
        number = self._resending.again(message_id, facts_of(req))
        resp.status, resp.media = falcon.HTTP_202, {"numero": number}


def _listing(rows: Sequence[MessageRow], beside: dict[str, object] | None = None) -> Listing:
    return Listing("notificaciones", _COLUMNS, rows, times=_TIMES, beside=beside or {})


def _receiver(row: ReceiverRow) -> dict[str, object]:
    return {
        "receptor": row.name,
        "clase": row.kind,
        "destino": row.place,
        "esperan": row.waiting,
        "esperan_desde": _moment(row.waiting_since),
        "fallidas": row.failed,
        "ultimo_envio": _moment(row.sent_at),
        "error": row.error,
        "error_en": _moment(row.error_at),
        "fallos_seguidos": row.failures,
        "pausa_hasta": _moment(row.paused_until or None),
    }


def _moment(time: int | None) -> str | None:
    return None if time is None else times.to_text(time)
