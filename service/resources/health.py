"""/healthz: the process answers. /readyz: it can also reach its database.

/readyz tells how far the evaluator of rules is behind as well. That makes it fail in no case:
reports can be taken in and asked for.
"""

from __future__ import annotations

import falcon

from service import times
from service.store.read.records import RecordStore
from service.store.read.unjudged import LagReader


class Healthz:
    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        resp.cache_control = ["no-store"]
        resp.media = {"estado": "vivo"}


class Readyz:
    def __init__(self, records: RecordStore, lag: LagReader) -> None:
        self._records = records
        self._lag = lag

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        self._records.newest(after=0, limit=1)
        servers, since = self._lag.waiting()
        behind = 0 if since is None else max(0, times.now() - since) // times.SECOND
        resp.cache_control = ["no-store"]
        resp.media = {
            "estado": "listo",
            "evaluacion": {"servidores_pendientes": servers, "retraso": behind},
        }
