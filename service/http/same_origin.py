"""The Origin check: whether a page of another site sends the request."""

from __future__ import annotations

import falcon


def is_same_origin(req: falcon.Request) -> bool:
    """False where the browser names a page of another host or port (RFC 6454, section 7).

    Other clients send no Origin, and no other site can make them send a request.
    """
    origin = req.get_header("Origin")
    return origin is None or origin.partition("://")[2] == req.get_header("Host")
