"""/tokens: lists and revokes tokens. /inscripcion: a machine obtains its own."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import falcon

from service import times
from service.errors import Fault, ForbiddenError, InvalidParameterError, InvalidReportError
from service.http.parameters import Query
from service.http.request_body import read_body
from service.ingest.json_reader import read_json
from service.store.enrolment import EnrolmentStore
from service.store.tokens import Token, TokenStore

_MAX_BYTES = 10_000
_ID = re.compile(r"[0-9A-Za-z._:-]{1,128}")  # as schemas/report.v2.json lets it be
_KEY = re.compile(r"[\x21-\x7e]{22,128}")  # 128 bits or more in base 64
_MEMBERS = {"id_maquina", "nombre_host"}


class Tokens:
    def __init__(self, tokens: TokenStore) -> None:
        self._tokens = tokens

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        Query(req.query_string)
        now = times.now()
        tokens = self._tokens.all()
        scopes = {token.id: token.scope for token in tokens}
        resp.media = {"tokens": [_shown(token, scopes, now) for token in tokens]}


class OneToken:
    def __init__(self, tokens: TokenStore) -> None:
        self._tokens = tokens

    def on_delete(self, req: falcon.Request, resp: falcon.Response, token_id: int) -> None:
        by: Token | None = req.context.token
        self._tokens.revoke(token_id, by.id if by else None)
        resp.status = falcon.HTTP_204


class Enrolment:
    def __init__(self, enrolment: EnrolmentStore) -> None:
        self._enrolment = enrolment

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        by: Token | None = req.context.token
        if by is None:
            raise ForbiddenError("authentication is disabled here; no token is needed")
        id_maquina, nombre_host = _machine(read_json(read_body(req, _MAX_BYTES)).value)
        if by.scope == "inscripcion":
            made = self._enrolment.enrol(by, id_maquina, nombre_host, _request_digest(req))
        else:
            made = self._enrolment.renew(by, id_maquina)
        ends = None if made.expires_at is None else times.to_text(made.expires_at)
        resp.status = falcon.HTTP_201
        resp.cache_control = ["no-store"]
        resp.media = {"token": made.secret, "vence": ends}


def _request_digest(req: falcon.Request) -> bytes | None:
    """Raises InvalidParameterError."""
    key = req.get_header("Idempotency-Key")
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise InvalidParameterError(
            "Idempotency-Key", "expected 22 to 128 random characters of visible ASCII"
        )
    return hashlib.sha256(key.encode()).digest()


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


def _shown(token: Token, scopes: Mapping[int, str], now: int) -> dict[str, object]:
    parent = token.enrolled_by
    return {
        "id": token.id,
        "scope": token.scope,
        "name": token.name,
        "server": token.server,
        "uses_left": token.uses_left,
        "derivado_de": parent,
        "derivacion": None if parent is None else _DERIVATIONS[scopes[parent]],
        "creado": times.to_text(token.created_at),
        "vence": _moment(token.expires_at),
        "revocado": _moment(token.revoked_at),
        "usado": _moment(token.used_at),
        "vigente": token.is_valid(now),
    }


def _moment(time: int | None) -> str | None:
    return None if time is None else times.to_text(time)


# How a token was derived, by the scope of the one that it was given for.
_DERIVATIONS = {"inscripcion": "inscripcion", "ingest": "renovacion"}
