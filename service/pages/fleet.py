"""/: what the fleet is made of, who is silent, what changed lately, and the table of servers."""

from __future__ import annotations

import falcon

from service.pages.site import Site
from service.parameters import CURSOR
from service.store.records import RecordStore


class FleetPage:
    def __init__(self, site: Site, records: RecordStore) -> None:
        self._site = site
        self._records = records

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = self._site.query(req, resp, CURSOR)
        page = self._records.newest(query.after, query.limit)
        self._site.show(req, resp, "fleet.html", servers=page.servers)
