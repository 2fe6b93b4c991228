"""Who sends a request, for the audit log, and whether the client still waits for the answer."""

from __future__ import annotations

from collections.abc import Callable

import falcon

from service.http.abandonment import has_left
from service.store.tokens import Token


def facts_of(req: falcon.Request) -> dict[str, str | int | None]:
    token: Token | None = req.context.token
    return {
        "token": None if token is None else token.id,
        "name": None if token is None else token.name,
        "source": req.context.client_ip,
    }


def told_by(req: falcon.Request) -> str | None:
    """Who sends it, in a few words; null where authentication is disabled."""
    token: Token | None = req.context.token
    if token is None:
        return None
    return f"token {token.id}" if token.name is None else f"token {token.id} ({token.name})"


def is_abandoned(req: falcon.Request) -> Callable[[], bool]:
    client = req.env.get("gunicorn.socket")
    return lambda: has_left(client)
