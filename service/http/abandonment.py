"""Stops the work on an answer that takes too long, or that nobody waits for any more."""

from __future__ import annotations

import select
import socket

import falcon

from service.store.engines.question import Question, begin, end

_SECONDS = 5.0  # a page of an answer is bounded work, and takes a small part of it
_READS = frozenset({"GET", "HEAD"})


class AbandonmentMiddleware:
    """Gives each question an end. Storing a report has none: it is not given up halfway.

    A resource whose answers are of any length says in `answer_seconds` how long they may take.
    """

    def __init__(self, seconds: float = _SECONDS) -> None:
        self._seconds = seconds

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        client = req.env.get("gunicorn.socket")
        req.context.question = None
        if req.method in _READS:
            req.context.question = begin(Question(self._seconds, lambda: has_left(client)))

    def process_resource(
        self,
        req: falcon.Request,
        _resp: falcon.Response,
        resource: object,
        _params: dict[str, object],
    ) -> None:
        seconds = getattr(resource, "answer_seconds", None)
        if seconds is not None and req.context.question is not None:
            client = req.env.get("gunicorn.socket")
            end(req.context.question)
            req.context.question = begin(Question(seconds, lambda: has_left(client)))

    def process_response(
        self,
        req: falcon.Request,
        _resp: falcon.Response,
        _resource: object,
        _req_succeeded: bool,
    ) -> None:
        token = getattr(req.context, "question", None)
        if token is not None:
            end(token)


def has_left(client: socket.socket | None) -> bool:
    """Whether the client has closed its connection, or its sending half: poll(2), POLLRDHUP."""
    if client is None:
        return False
    poll = select.poll()
    poll.register(client, select.POLLRDHUP)
    return bool(poll.poll(0))
