"""/avisos: what receivers are told, what waits, what was set aside and why. For administrators."""

from __future__ import annotations

import falcon

from service.http.filters import MESSAGE_STATE, OF_MESSAGES, RECEIVER
from service.http.parameters import CURSOR
from service.pages.site import Site
from service.store.read.notifications import NotificationStore


class NotificationsPage:
    def __init__(self, site: Site, notifications: NotificationStore) -> None:
        self._site, self._notifications = site, notifications

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = self._site.query(req, resp, *OF_MESSAGES, CURSOR)
        page = self._notifications.page(
            query[RECEIVER], query[MESSAGE_STATE], query.after, query.limit
        )
        self._site.show(
            req,
            resp,
            "notifications.html",
            sender=self._notifications.sender(),
            receivers=page.receivers,
            messages=page.messages,
            values={each.name: query.text(each) for each in (*OF_MESSAGES, CURSOR)},
            filtered=any(query.text(each) for each in OF_MESSAGES),
            address=query.address,
            next_page=query.address_after(req.path, page.after) if page.after else None,
        )
