"""/entrar and /salir: a reader enters a token once, and a cookie keeps it."""

from __future__ import annotations

import re
from urllib.parse import parse_qs

import falcon

from service.auth.auth_throttle import AuthThrottle
from service.auth.token_format import COOKIE, READERS
from service.errors import ForbiddenError, InvalidParameterError
from service.http.parameters import text
from service.http.same_origin import is_same_origin
from service.pages.site import MAX_ADDRESS, Site
from service.store.tokens import TokenStore

_RETURN_TO = text("volver", MAX_ADDRESS)
_MAX_FORM_BYTES = 4096 + 3 * MAX_ADDRESS  # a form encodes a byte as three
_COOKIE_SECONDS = 12 * 3600  # a working day

# A path of this service. //host and /\host are other hosts to a browser.
_LOCAL_PATH = re.compile(r"/(?![/\\])[\x21-\x7e]*")


class SignInPage:
    def __init__(self, site: Site, tokens: TokenStore, throttle: AuthThrottle) -> None:
        self._site = site
        self._tokens = tokens
        self._throttle = throttle

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = self._site.query(req, resp, _RETURN_TO)
        self._show(req, resp, query[_RETURN_TO] or "/", invalid_token=False)

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        _require_same_origin(req)
        form = _parse_form(req)
        return_to, secret = form.get("volver", "/"), form.get("token", "").strip()
        token = self._tokens.find(secret)
        if token is None or token.scope not in READERS:
            self._throttle.failed(req.context.client_ip)
            resp.status = falcon.HTTP_401
            self._show(req, resp, return_to, invalid_token=True)
            return
        resp.set_cookie(
            COOKIE,
            secret,
            max_age=_COOKIE_SECONDS,
            path="/",
            same_site="Strict",
            http_only=True,
            secure=req.scheme == "https",
        )
        resp.status = falcon.HTTP_303
        resp.location = _local_path(return_to)

    def _show(
        self, req: falcon.Request, resp: falcon.Response, return_to: str, *, invalid_token: bool
    ) -> None:
        self._site.show(
            req,
            resp,
            "sign_in.html",
            return_to=_local_path(return_to),
            invalid_token=invalid_token,
        )


class SignOut:
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        _require_same_origin(req)
        resp.unset_cookie(COOKIE, path="/", same_site="Strict")
        resp.status = falcon.HTTP_303
        resp.location = "/entrar"


def _local_path(address: str) -> str:
    return address if _LOCAL_PATH.fullmatch(address) else "/"


def _parse_form(req: falcon.Request) -> dict[str, str]:
    """Raises InvalidParameterError."""
    length = req.content_length or 0
    if length > _MAX_FORM_BYTES:
        raise InvalidParameterError("token", f"expected a form of at most {_MAX_FORM_BYTES} bytes")
    try:
        fields = parse_qs(req.bounded_stream.read(length).decode("ascii"), strict_parsing=True)
    except ValueError as error:
        raise InvalidParameterError("token", "expected a form with the field token") from error
    return {name: values[0] for name, values in fields.items()}


def _require_same_origin(req: falcon.Request) -> None:
    """Raises ForbiddenError for a form on a page of another site."""
    # Only browsers send these headers, and only browsers can be tricked into a request.
    if req.get_header("Sec-Fetch-Site") not in {None, "same-origin", "none"}:
        raise ForbiddenError("this form has to be sent from a page of this service")
    if not is_same_origin(req):
        raise ForbiddenError("this form has to be sent from a page of this service")
