"""/avisos: what receivers are told, what waits, what was set aside and why. For administrators."""

from __future__ import annotations

import falcon

from service.errors import InvalidParameterError
from service.http.asker import facts_of
from service.http.filters import MESSAGE_STATE, OF_MESSAGES, RECEIVER
from service.http.parameters import CURSOR, integer
from service.pages.forms import form_of
from service.pages.site import PageQuery, Site
from service.store.engines import MAX_INTEGER
from service.store.read.notifications import NotificationStore
from service.store.write.resending import Resending

_MESSAGE = integer("mensaje", 1, MAX_INTEGER)
_MAX_FORM_BYTES = 1024


class NotificationsPage:
    def __init__(self, site: Site, notifications: NotificationStore, resending: Resending) -> None:
        self._site, self._notifications = site, notifications
        self._resending = resending

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = self._site.query(req, resp, *OF_MESSAGES, CURSOR)
        page = self._notifications.page(
            query[RECEIVER], query[MESSAGE_STATE], query.after, query.limit
        )
        named = {row.name for row in page.receivers if row.place is not None}
        self._site.show(
            req,
            resp,
            "notifications.html",
            sender=self._notifications.sender(),
            receivers=page.receivers,
            messages=page.messages,
            repeatable={
                row.id
                for row in page.messages
                if row.state != "esperando" and row.receiver in named
            },
            values={each.name: query.text(each) for each in (*OF_MESSAGES, CURSOR)},
            filtered=any(query.text(each) for each in OF_MESSAGES),
            address=query.address,
            next_page=query.address_after(req.path, page.after) if page.after else None,
        )

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Sends a message again."""
        resp.cache_control = ["no-store"]
        number = PageQuery(form_of(req, _MESSAGE, _MAX_FORM_BYTES), _MESSAGE)[_MESSAGE]
        if number is None:
            raise InvalidParameterError(_MESSAGE.name, f"expected {_MESSAGE.expected}")
        self._resending.again(number, facts_of(req))
        resp.status, resp.location = falcon.HTTP_303, "/avisos"
