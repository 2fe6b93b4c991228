"""/healthz: the process answers. /readyz: it can also reach its database."""

from __future__ import annotations

import falcon

from service.store.read.records import RecordStore


class Healthz:
    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        resp.cache_control = ["no-store"]
        resp.media = {"estado": "vivo"}


class Readyz:
    def __init__(self, records: RecordStore) -> None:
        self._records = records

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        self._records.newest(after=0, limit=1)
        resp.cache_control = ["no-store"]
        resp.media = {"estado": "listo"}
