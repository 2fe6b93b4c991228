"""/entrar and /salir: a reader shows a token once, and a cookie keeps it."""

from __future__ import annotations

import re
from urllib.parse import parse_qs

import falcon

from service.auth.auth_throttle import AuthThrottle
from service.auth.token_format import COOKIE, READERS
from service.errors import ForbiddenError, InvalidParameterError
from service.http.parameters import text
from service.http.same_origin import is_same_origin
from service.pages.site import Site
from service.store.tokens import TokenStore

_BACK = text("volver", 2048)
_MAX_BYTES = 4096
_WORKING_DAY = 12 * 3600  # seconds

# A path of ours: neither another host (//…) nor anything that a browser could take for one.
_OWN_PATH = re.compile(r"/(?![/\\])[\x21-\x7e]*")


class SignInPage:
    def __init__(self, site: Site, tokens: TokenStore, throttle: AuthThrottle) -> None:
        self._site = site
        self._tokens = tokens
        self._throttle = throttle

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = self._site.query(req, resp, _BACK)
        self._show(req, resp, query[_BACK] or "/", wrong=False)

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        _refuse_strangers(req)
        form = _form(req)
        back, secret = form.get("volver", "/"), form.get("token", "").strip()
        token = self._tokens.find(secret)
        if token is None or token.scope not in READERS:
            self._throttle.failed(req.context.client_ip)
            resp.status = falcon.HTTP_401
            self._show(req, resp, back, wrong=True)
            return
        resp.set_cookie(
            COOKIE,
            secret,
            max_age=_WORKING_DAY,
            path="/",
            same_site="Strict",
            http_only=True,
            secure=req.scheme == "https",
        )
        resp.status = falcon.HTTP_303
        resp.location = _own(back)

    def _show(self, req: falcon.Request, resp: falcon.Response, back: str, *, wrong: bool) -> None:
        self._site.show(req, resp, "sign_in.html", back=_own(back), wrong=wrong)


class SignOut:
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        _refuse_strangers(req)
        resp.unset_cookie(COOKIE, path="/", same_site="Strict")
        resp.status = falcon.HTTP_303
        resp.location = "/entrar"


def _own(address: str) -> str:
    return address if _OWN_PATH.fullmatch(address) else "/"


def _form(req: falcon.Request) -> dict[str, str]:
    """Raises InvalidParameterError."""
    length = req.content_length or 0
    if length > _MAX_BYTES:
        raise InvalidParameterError("token", "expected a form of at most 4096 bytes")
    try:
        fields = parse_qs(req.bounded_stream.read(length).decode("ascii"), strict_parsing=True)
    except ValueError as error:
        raise InvalidParameterError("token", "expected a form with the field token") from error
    return {name: values[0] for name, values in fields.items()}


def _refuse_strangers(req: falcon.Request) -> None:
    """Raises ForbiddenError for a form that stood on a page of another site."""
    # Browsers say where a request comes from; what is no browser cannot be deceived into one.
    if req.get_header("Sec-Fetch-Site") not in {None, "same-origin", "none"}:
        raise ForbiddenError("this form has to be sent from a page of this service")
    if not is_same_origin(req):
        raise ForbiddenError("this form has to be sent from a page of this service")
