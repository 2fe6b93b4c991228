"""The Origin check: whether a page of another site sends the request."""

from __future__ import annotations

import falcon

_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def is_same_origin(req: falcon.Request) -> bool:
    """False where the browser names a page of another host or port (RFC 6454, section 7).

    Other clients send no Origin, and no other site can make them send a request.
    """
    origin = req.get_header("Origin")
    if origin is None:
        return True
    scheme, _, authority = origin.lower().partition("://")
    host = (req.get_header("Host") or "").lower()
    default = _DEFAULT_PORTS.get(scheme, "")
    return authority.removesuffix(default) == host.removesuffix(default)


def is_from_own_page(req: falcon.Request) -> bool:
    """Whether the browser says that a page of this service sends the request.

    Browsers name the origin with each POST (Fetch Standard, "append a request `Origin` header").
    """
    return (
        req.get_header("Origin") is not None
        and is_same_origin(req)
        and req.get_header("Sec-Fetch-Site") in {None, "same-origin"}
    )
