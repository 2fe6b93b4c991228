"""/healthz: the process answers. /readyz: it can also reach its database.

/readyz tells how far the evaluator of rules is behind as well, and what waits for receivers. That
makes it fail in no case: reports can be taken in and asked for.
"""

from __future__ import annotations

import falcon

from service import times
from service.store.read.notifications import NotificationStore
from service.store.read.records import RecordStore
from service.store.read.unjudged import LagReader


class Healthz:
    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        resp.cache_control = ["no-store"]
        resp.media = {"estado": "vivo"}


class Readyz:
    def __init__(
        self, records: RecordStore, lag: LagReader, notifications: NotificationStore
    ) -> None:
        self._records = records
        self._lag = lag
        self._notifications = notifications

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        self._records.newest(after=0, limit=1)
        servers, since = self._lag.waiting()
        now = times.now()
        waiting, due_since, failed = self._notifications.backlog(now)
        resp.cache_control = ["no-store"]
        resp.media = {
            "estado": "listo",
            "evaluacion": {"servidores_pendientes": servers, "retraso": _seconds(since, now)},
            "avisos": {
                "remitente": self._notifications.sender(),
                "esperan": waiting,
                "retraso": _seconds(due_since, now),
                "apartados": failed,
            },
        }


def _seconds(since: int | None, now: int) -> int:
    return 0 if since is None else max(0, now - since) // times.SECOND
