"""The gunicorn worker: threads, that stay with a connection while it keeps sending."""

from __future__ import annotations

import select
from typing import Any

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

_LINGER_MILLISECONDS = 20


class LingeringThreadWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's threads, without a detour by the main thread between two requests.

    gthread hands a kept-alive connection back to the main thread after each request, which costs
    as much as reading a report does. Here its thread first waits a moment for the next request:
    an agent that drains its spool, or a front that keeps its connections busy, has it ready.
    """

    def handle(self, conn: Any) -> Any:  # noqa: ANN401 — gunicorn has no types
        while True:
            keep = super().handle(conn)
            if keep is not True or not self.alive or conn.is_http2:
                return keep
            if conn.parser.unreader.buf.getvalue():
                continue  # the next request was read together with this one
            poll = select.poll()
            poll.register(conn.sock, select.POLLIN)
            if not poll.poll(_LINGER_MILLISECONDS):
                return keep
