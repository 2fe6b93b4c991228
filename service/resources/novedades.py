"""/novedades.atom: what happened lately, for feed readers."""

from __future__ import annotations

import falcon

from service.http.parameters import Query, choice, text
from service.resources.atom import CONTENT_TYPE, FeedWriter
from service.store.read.feed import FeedStore

TOKEN = text("token", 64)  # the authentication has read it
_LANGUAGE = choice("idioma", {"es": "es", "en": "en"})


class NewsFeed:
    """base: COMPLIANCE_URL, or null."""

    def __init__(self, feed: FeedStore, base: str | None) -> None:
        self._feed = feed
        self._writers = {language: FeedWriter(language, base) for language in ("es", "en")}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = Query(req.query_string, _LANGUAGE, TOKEN)
        resp.content_type = CONTENT_TYPE
        # Its address may hold a token.
        resp.set_header("Referrer-Policy", "no-referrer")
        resp.data = self._writers[query[_LANGUAGE] or "es"].write(self._feed.read())
