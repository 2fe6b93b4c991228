"""/servidor/{server}/retirar: the form by which administrators retire a server."""

from __future__ import annotations

import falcon

from service.errors import InvalidParameterError
from service.http.asker import told_by
from service.http.parameters import integer, text
from service.pages.forms import form_of
from service.pages.site import PageQuery
from service.store.engines import MAX_INTEGER
from service.store.write.retirement_changes import MOST_LETTERS, Retirements

_REASON = text("motivo", MOST_LETTERS)
_SUCCESSOR = integer("sucesor", 1, MAX_INTEGER)
_MAX_FORM_BYTES = 12 * MOST_LETTERS + 1024  # the longest reason, percent-encoded, and the rest


class RetirePage:
    def __init__(self, changes: Retirements) -> None:
        self._changes = changes

    def on_post(self, req: falcon.Request, resp: falcon.Response, server_id: int) -> None:
        """Retires it, and shows its page."""
        query = PageQuery(form_of(req, _REASON, _MAX_FORM_BYTES), _REASON, _SUCCESSOR)
        reason = query[_REASON]
        if reason is None:
            raise InvalidParameterError(_REASON.name, "expected why the server is retired")
        self._changes.retire(server_id, reason, told_by(req), query[_SUCCESSOR])
        resp.cache_control = ["no-store"]
        resp.status, resp.location = falcon.HTTP_303, f"/servidor/{server_id}"
