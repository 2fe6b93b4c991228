"""/tokens: lists and revokes tokens. /inscripcion: a machine obtains its own."""

from __future__ import annotations

import re
from typing import Any

import falcon

from service import times
from service.auth.audit_log import AuditLog
from service.errors import Fault, ForbiddenError, InvalidReportError
from service.http.parameters import Query
from service.http.request_body import read_body
from service.ingest.json_reader import read_json
from service.store.tokens import Token, TokenStore

_MAX_BYTES = 10_000
_ID = re.compile(r"[0-9A-Za-z._:-]{1,128}")  # as schemas/report.v2.json lets it be
_MEMBERS = {"id_maquina", "nombre_host"}


class Tokens:
    def __init__(self, tokens: TokenStore) -> None:
        self._tokens = tokens

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        Query(req.query_string)
        now = times.now()
        resp.media = {"tokens": [_shown(token, now) for token in self._tokens.all()]}


class OneToken:
    def __init__(self, tokens: TokenStore, audit: AuditLog) -> None:
        self._tokens = tokens
        self._audit = audit

    def on_delete(self, req: falcon.Request, resp: falcon.Response, token_id: int) -> None:
        by: Token | None = req.context.token
        self._tokens.revoke(token_id)
        self._audit.write("token revoked", token=token_id, by=by.id if by else None)
        resp.status = falcon.HTTP_204


class Enrolment:
    def __init__(self, tokens: TokenStore, audit: AuditLog) -> None:
        self._tokens = tokens
        self._audit = audit

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        by: Token | None = req.context.token
        if by is None:
            raise ForbiddenError("authentication is disabled here; no token is needed")
        id_maquina, nombre_host = _machine(read_json(read_body(req, _MAX_BYTES)).value)
        if by.scope == "inscripcion":
            made = self._tokens.enrol(by, id_maquina, nombre_host)
        else:
            made = self._tokens.renew(by, id_maquina)
        self._audit.write("token made", token=made.id, server=f"id:{id_maquina}", by=by.id)
        ends = None if made.expires_at is None else times.to_text(made.expires_at)
        resp.status = falcon.HTTP_201
        resp.cache_control = ["no-store"]
        resp.media = {"token": made.secret, "vence": ends}


def _machine(document: Any) -> tuple[str, str | None]:  # noqa: ANN401 — what JSON holds
    """Raises InvalidReportError."""
    if not isinstance(document, dict) or not document.keys() <= _MEMBERS:
        raise InvalidReportError(Fault("", "expected an object with id_maquina and nombre_host"))
    id_maquina, nombre_host = document.get("id_maquina"), document.get("nombre_host")
    if not isinstance(id_maquina, str) or not _ID.fullmatch(id_maquina):
        raise InvalidReportError(
            Fault("/id_maquina", "expected 1 to 128 letters and digits of ASCII and . _ : -")
        )
    known = isinstance(nombre_host, str)
    if not (nombre_host is None or (known and len(nombre_host) <= 255 and "\0" not in nombre_host)):
        raise InvalidReportError(
            Fault("/nombre_host", "expected at most 255 characters, without NUL, or null")
        )
    return id_maquina, nombre_host


def _shown(token: Token, now: int) -> dict[str, object]:
    shown: dict[str, object] = token._asdict()
    del shown["digest"], shown["lifetime"]
    for column in ("created_at", "expires_at", "revoked_at", "used_at"):
        moment = shown.pop(column)
        shown[_MOMENTS[column]] = None if moment is None else times.to_text(int(str(moment)))
    return shown | {"vigente": token.is_valid(now)}


_MOMENTS = {
    "created_at": "creado",
    "expires_at": "vence",
    "revoked_at": "revocado",
    "used_at": "usado",
}
