"""Entity tags: a strong ETag on every answer to a read, and 304 for a known one."""

from __future__ import annotations

from hashlib import blake2b

import falcon

from service.http.router import READ_METHODS


class ETagMiddleware:
    """Sets a digest of the body as ETag, and evaluates If-None-Match (RFC 9110, 13.1.2)."""

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, _resource: object, _succeeded: bool
    ) -> None:
        if (
            req.method not in READ_METHODS
            or resp.status_code != 200
            or resp.cache_control == "no-store"
        ):
            return
        body = resp.render_body()
        if body is None:
            return
        tag = blake2b(body, digest_size=16).hexdigest()
        resp.etag = tag
        if resp.cache_control is None:
            resp.cache_control = ["private", "no-cache"]
        known = req.if_none_match or []
        if "*" in known or tag in known:
            resp.status = falcon.HTTP_304
            resp.data = resp.text = resp.media = None
            resp.delete_header("Content-Type")
            resp.delete_header("Content-Disposition")
