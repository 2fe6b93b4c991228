"""Who gets in: every request shows a token that is good for its route, or goes no further.

As long as no token was made, authentication is disabled, and only this machine is answered;
service/maintenance/startup.py refuses to serve any other address then.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

import falcon

from service.auth.audit_log import AuditLog
from service.auth.auth_throttle import Brake
from service.auth.token_format import ADMINISTRATORS, COOKIE, PUBLIC, READERS, masked
from service.errors import ForbiddenError, UnauthorizedError
from service.report import Report
from service.store.tokens import Token, TokenStore

_FORWARDED = ("X-Forwarded-For", "X-Real-IP", "Forwarded")
_LOOPBACK = re.compile(r"(127(\.[0-9]{1,3}){3}|\[::1\]|localhost)(:[0-9]{1,5})?", re.IGNORECASE)
_SHOWN = 200  # characters of an address in the audit log


class Doors:
    """Middleware. doors: the scopes that a method and route take, where they are not READERS."""

    def __init__(
        self,
        tokens: TokenStore,
        brake: Brake,
        audit: AuditLog,
        doors: Mapping[tuple[str, str], frozenset[str]],
    ) -> None:
        self._tokens = tokens
        self._brake = brake
        self._audit = audit
        self._doors = doors

    def process_resource(
        self,
        req: falcon.Request,
        _resp: falcon.Response,
        resource: object,
        _params: Mapping[str, object],
    ) -> None:
        """Raises UnauthorizedError, ForbiddenError, TooManyAttemptsError."""
        req.context.token = None
        if resource is None:
            return
        scopes = self._scopes(req)
        if scopes == PUBLIC:
            return
        if self._tokens.auth_disabled():
            _require_loopback(req)
            return
        secret = _secret_of(req)
        token = None if secret is None else self._tokens.find(secret)
        if token is None:
            if secret is not None:
                self._brake.failed(req.context.source)
            raise UnauthorizedError
        if token.scope == "admin":
            self._audit.write(
                "admin scope used",
                token=token.id,
                name=token.name,
                method=req.method,
                address=masked(req.relative_uri)[:_SHOWN],
                source=req.context.source,
            )
        if token.scope not in scopes:
            raise ForbiddenError(
                f"a token of scope {token.scope} is not for this, one of"
                f" {' or '.join(sorted(scopes))} is"
            )
        req.context.token = token

    def process_response(
        self, _req: falcon.Request, resp: falcon.Response, _resource: object, _succeeded: bool
    ) -> None:
        # What strangers sent is shown again here: no browser is to find pages or scripts in it.
        resp.set_header("X-Content-Type-Options", "nosniff")

    def _scopes(self, req: falcon.Request) -> frozenset[str]:
        reading = req.method in {"GET", "HEAD", "OPTIONS"}
        default = READERS if reading else ADMINISTRATORS
        return self._doors.get((req.method, req.uri_template or ""), default)


def authorize(tokens: TokenStore, req: falcon.Request, report: Report) -> None:
    """Raises ForbiddenError where the token speaks for another server than the report does."""
    token: Token | None = req.context.token
    if token is not None and not tokens.may_send(token, report):
        raise ForbiddenError("this token reports for another server than this report is of")


def _require_loopback(req: falcon.Request) -> None:
    """Raises ForbiddenError where an open house would be open to more than this machine.

    That is where a proxy passes strangers on, and where a page of some other site has its name
    point to 127.0.0.1, so that the reader's browser asks here for it.
    """
    if any(req.get_header(name) is not None for name in _FORWARDED):
        raise ForbiddenError("no token was made yet, so this answers nobody behind a proxy")
    host = req.get_header("Host")
    if host is not None and not _LOOPBACK.fullmatch(host):
        raise ForbiddenError(
            "no token was made yet, so this answers to 127.0.0.1, [::1] and localhost only"
        )
    # A page may send what it likes to any host, without leave as long as it has no Content-Type.
    origin = req.get_header("Origin")
    if origin is not None and origin.partition("://")[2] != host:
        raise ForbiddenError("no token was made yet, so this answers no page of another site")


def _secret_of(req: falcon.Request) -> str | None:
    """What was shown in place of a token; a cookie and a password are for reading only."""
    scheme, _, given = (req.get_header("Authorization") or "").partition(" ")
    if scheme.lower() == "bearer":
        return given.strip()
    if req.method == "GET":
        if scheme.lower() == "basic":
            return _password(given.strip())
        if not scheme:
            values = req.get_cookie_values(COOKIE)
            return values[0] if values else None
    return "" if scheme else None


def _password(given: str) -> str:
    try:
        text = base64.b64decode(given, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return text.partition(":")[2]
