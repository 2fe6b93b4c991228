"""The forms of /dispensas by which administrators tell and revoke waivers."""

from __future__ import annotations

import falcon

from service.errors import InvalidParameterError
from service.http.asker import told_by
from service.http.filters import POLICY
from service.http.parameters import integer, text
from service.pages.forms import form_of
from service.pages.site import PageQuery
from service.store.engines import MAX_INTEGER
from service.store.waiver_format import LONGEST_REASON, end_of, target_of
from service.store.write.waiver_changes import NewWaiver, Waivers

_SERVER = integer("servidor", 1, MAX_INTEGER)
_TAG, _NETWORK = text("etiqueta", 251), text("red", 64)
_REASON, _END = text("motivo", LONGEST_REASON), text("hasta", 32)
_FIELDS = (POLICY, _SERVER, _TAG, _NETWORK, _REASON, _END)
_MAX_FORM_BYTES = 12 * LONGEST_REASON + 4096  # the longest reason, percent-encoded, and the rest


class WaiveForm:
    """Told to WaiversPage, which shows the form, so that both have one address."""

    def __init__(self, changes: Waivers) -> None:
        self._changes = changes

    def take(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = PageQuery(form_of(req, _REASON, _MAX_FORM_BYTES), *_FIELDS)
        given = [query[POLICY], query[_REASON], query[_END]]
        for field, value in zip((POLICY, _REASON, _END), given, strict=True):
            if value is None:
                raise InvalidParameterError(field.name, f"expected {field.expected}")
        rule, reason, end = (value or "" for value in given)
        target = target_of(query[_SERVER], query[_TAG], query[_NETWORK])
        number = self._changes.waive(NewWaiver(rule, target, end_of(end), reason), told_by(req))
        _show(resp, number)


class RevokePage:
    def __init__(self, changes: Waivers) -> None:
        self._changes = changes

    def on_post(self, req: falcon.Request, resp: falcon.Response, waiver_id: int) -> None:
        PageQuery(form_of(req, _REASON, _MAX_FORM_BYTES))
        self._changes.revoke(waiver_id, told_by(req))
        _show(resp, waiver_id)


def _show(resp: falcon.Response, waiver_id: int) -> None:
    resp.cache_control = ["no-store"]
    resp.status, resp.location = falcon.HTTP_303, f"/dispensas#waiver-{waiver_id}"
