"""Authentication: every request shows a token that its route accepts, or is refused.

As long as no token was made, authentication is disabled and only this machine is served;
service/maintenance/startup.py refuses to serve any other address then.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable

import falcon

from service.auth.audit_log import AuditLog
from service.auth.auth_throttle import AuthThrottle
from service.auth.token_format import COOKIE, IN_ADDRESS, PUBLIC, masked
from service.errors import ForbiddenError, UnauthorizedError
from service.http.router import READ_METHODS
from service.http.same_origin import is_from_own_page, is_same_origin
from service.report import Report
from service.store.tokens import Token, TokenStore

_FORWARDED = ("X-Forwarded-For", "X-Real-IP", "Forwarded")
_LOOPBACK = re.compile(r"(127(\.[0-9]{1,3}){3}|\[::1\]|localhost)(:[0-9]{1,5})?", re.IGNORECASE)
_MAX_LOGGED_ADDRESS = 200  # characters


class AuthenticationMiddleware:
    """Sets req.context.token; null where authentication is disabled or the route is public.

    And is_admin: whether the request may do all; false where the route is public.

    scopes_of: the scopes that a method of a route (its URI template) accepts. takes_form: whether
    it takes a form of a page of ours, which a cookie then authenticates. takes_token: whether its
    address may hold a token, which then is of a scope that opens nothing else.
    """

    def __init__(  # noqa: PLR0913, PLR0917 — each is passed in
        self,
        tokens: TokenStore,
        throttle: AuthThrottle,
        audit_log: AuditLog,
        scopes_of: Callable[[str, str], frozenset[str]],
        takes_form: Callable[[str, str], bool] = lambda *_: False,
        takes_token: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._tokens = tokens
        self._throttle = throttle
        self._audit_log = audit_log
        self._scopes_of = scopes_of
        self._takes_form, self._takes_token = takes_form, takes_token

    def process_resource(
        self, req: falcon.Request, _resp: falcon.Response, resource: object, _params: object
    ) -> None:
        """Raises UnauthorizedError, ForbiddenError, TooManyAttemptsError."""
        req.context.token, req.context.is_admin = None, False
        if resource is None:
            return
        scopes = self._scopes_of(req.method, req.uri_template or "")
        if scopes == PUBLIC:
            return
        if self._tokens.auth_disabled():
            _require_loopback(req)
            req.context.is_admin = True
            return
        token = self._authenticate(req)
        if token.scope == "admin":
            self._audit_log.write(
                "admin scope used",
                token=token.id,
                name=token.name,
                method=req.method,
                address=masked(req.relative_uri)[:_MAX_LOGGED_ADDRESS],
                source=req.context.client_ip,
            )
        if token.scope not in scopes:
            raise ForbiddenError(
                f"this needs a token of scope {' or '.join(sorted(scopes))}, got {token.scope}"
            )
        req.context.token, req.context.is_admin = token, token.scope == "admin"

    def process_response(
        self, _req: falcon.Request, resp: falcon.Response, _resource: object, _succeeded: bool
    ) -> None:
        # Answers repeat what clients sent: no browser may sniff a page or a script in it.
        resp.set_header("X-Content-Type-Options", "nosniff")

    def _authenticate(self, req: falcon.Request) -> Token:
        reads = req.method in READ_METHODS or (
            self._takes_form(req.method, req.uri_template or "") and is_from_own_page(req)
        )
        secret, is_in_address = _secret_of(req, by_browser=reads), False
        if secret is None and self._takes_token(req.uri_template or ""):
            secret = _secret_in_address(req)
            is_in_address = secret is not None
        token = None if secret is None else self._tokens.find(secret)
        if token is None:
            if secret is not None:
                self._throttle.failed(req.context.client_ip)
            raise UnauthorizedError
        if is_in_address and token.scope != IN_ADDRESS:
            raise ForbiddenError(
                f"an address holds a token of scope {IN_ADDRESS} only, got {token.scope}: others"
                " are to be sent as Authorization"
            )
        return token


def sees_command_lines(req: falcon.Request) -> bool:
    """Whether the reader may see rows of rules that read command lines."""
    token: Token | None = req.context.token
    return token is None or token.scope == "admin"


def authorize(tokens: TokenStore, req: falcon.Request, report: Report) -> None:
    """Raises ForbiddenError where the token is bound to another server than the report's.

    Raises UnauthorizedError where it became invalid while the report was received.
    """
    token: Token | None = req.context.token
    if token is None:
        return
    if not tokens.is_still_valid(token):
        raise UnauthorizedError
    if not tokens.may_send(token, report):
        raise ForbiddenError("this token is bound to another server than the one in this report")


def _require_loopback(req: falcon.Request) -> None:
    """Raises ForbiddenError where a request may come from another machine.

    A proxy may pass it on, or a browser may send it for a page of another site whose name
    resolves to 127.0.0.1 (DNS rebinding).
    """
    if any(req.get_header(name) is not None for name in _FORWARDED):
        raise ForbiddenError("no token was made yet, so requests through a proxy are refused")
    host = req.get_header("Host")
    if host is not None and not _LOOPBACK.fullmatch(host):
        raise ForbiddenError(
            "no token was made yet, so only 127.0.0.1, [::1] and localhost are served"
        )
    # A page may post to any host without a preflight as long as it sends no Content-Type.
    if not is_same_origin(req):
        raise ForbiddenError("no token was made yet, so pages of other sites are refused")


def _secret_of(req: falcon.Request, *, by_browser: bool) -> str | None:
    """The secret that a request shows.

    by_browser: whether a cookie and HTTP Basic count, which browsers send by themselves: for reads,
    and for forms that a page of ours has sent.
    """
    scheme, _, credentials = (req.get_header("Authorization") or "").partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    if by_browser:
        if scheme.lower() == "basic":
            return _password(credentials.strip())
        if not scheme:
            values = req.get_cookie_values(COOKIE)
            return values[0] if values else None
    return "" if scheme else None


def _secret_in_address(req: falcon.Request) -> str | None:
    value = req.params.get("token")
    return value if isinstance(value, str) else None


def _password(credentials: str) -> str:
    try:
        text = base64.b64decode(credentials, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return text.partition(":")[2]
