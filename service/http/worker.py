"""The gunicorn worker: a thread stays with a connection as long as it keeps sending.

Tested by tests/http/test_worker.py and tests/deploy/test_slow_clients.py.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import ssl
import time
from typing import Any

from gunicorn import util  # type: ignore[import-untyped]
from gunicorn.http.errors import (  # type: ignore[import-untyped]
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    ParseException,
)
from gunicorn.workers.gthread import _DEFER, ThreadWorker  # type: ignore[import-untyped]

from service.auth.token_format import masked

_LINGER_SECONDS = 0.02
_CLOSE_SECONDS = 1  # for the other side to have read the answer, and to close as well
_MAX_LOGGED = 200  # characters of a malformed request
_OURS = (
    InvalidResponseHeader,
    InvalidResponseHeaderName,
)  # faults of the service, not of the client


class _Clock:
    """The deadline of a connection, and the direction that is shut down at it."""

    __slots__ = ("ends", "shuts")

    def __init__(self, seconds: float) -> None:
        self.ends = time.monotonic() + seconds
        self.shuts = socket.SHUT_RD


class LingeringThreadWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's threads, without a detour by the main thread between two requests.

    gthread hands a kept-alive connection back to the main thread after each request, which costs
    as much as reading a report. Here the thread first waits a moment for the next request: an
    agent that drains its spool, or a busy proxy, has it ready.

    gthread sets a client no deadline, and a slow client holds a thread. Here each request has
    deadlines, and a worker without a free thread accepts no connection, which leaves new ones to
    the other workers.
    """

    head_seconds = 20.0  # for the TLS handshake and the head of a request, from its first byte
    request_seconds = 120.0  # from then on, for its body and for the answer to be read
    grace_seconds = 5.0  # between listening no more to a slow client, and hanging up

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 — as gunicorn makes it
        super().__init__(*args, **kwargs)
        self._clocks: dict[Any, _Clock] = {}  # by connection, of those that hold a thread
        self._held_threads = 0
        self._looked_at_clocks = time.monotonic()

    # --- the main thread ---

    def enqueue_req(self, conn: Any) -> None:  # noqa: ANN401 — gunicorn has no types
        self._held_threads += 1
        super().enqueue_req(conn)

    def finish_request(self, conn: Any, fs: Any) -> None:  # noqa: ANN401
        self._held_threads -= 1
        if conn.sock.fileno() < 0:
            self.nr_conns -= 1
        else:
            super().finish_request(conn, fs)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        if self._held_threads >= self.cfg.threads:
            self.set_accept_enabled(enabled=False)  # run() enables it before it comes here again
        super().wait_for_and_dispatch_events(timeout)
        now = time.monotonic()
        if now - self._looked_at_clocks >= 1:
            self._looked_at_clocks = now
            for conn, clock in self._clocks.copy().items():
                if clock.ends < now:
                    _shut(conn.sock, clock.shuts)
                    clock.ends, clock.shuts = now + self.grace_seconds, socket.SHUT_RDWR

    # --- the threads ---

    def handle(self, conn: Any) -> Any:  # noqa: ANN401
        # A silent connection waits in the main thread, where waiting costs nothing.
        if not (conn.initialized or conn.data_ready or conn.wait_for_data(_LINGER_SECONDS)):
            return _DEFER
        try:
            keep = self._handle_while_it_sends(conn)
        finally:
            self._clocks.pop(conn, None)
        if keep is False:
            # Here, because the client may be slow to close, and the main thread must not wait.
            with contextlib.suppress(OSError):
                conn.sock.setblocking(True)
                util.close_graceful(conn.sock, timeout=_CLOSE_SECONDS)
        return keep

    def _handle_while_it_sends(self, conn: Any) -> Any:  # noqa: ANN401
        while True:
            self._clocks[conn] = _Clock(self.head_seconds)
            keep = super().handle(conn)
            if keep is not True or not self.alive or conn.is_http2:
                return keep
            if conn.parser.unreader.buf.getvalue() or _has_decrypted(conn.sock):
                continue  # the next request was read together with this one
            poll = select.poll()
            poll.register(conn.sock, select.POLLIN)
            if not poll.poll(_LINGER_SECONDS * 1000):
                return keep

    def handle_request(self, req: Any, conn: Any) -> Any:  # noqa: ANN401
        self._clocks[conn] = _Clock(self.request_seconds)
        return super().handle_request(req, conn)

    def _keepalive_after(self, conn: Any, keepalive: Any) -> bool:  # noqa: ANN401
        try:
            return bool(super()._keepalive_after(conn, keepalive))
        except (OSError, ParseException):
            return False  # the rest of the body is malformed; the request was answered already

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:  # noqa: ANN401
        """Answers a malformed request with a 400 problem document, as resources do."""
        if isinstance(exc, ssl.SSLError):
            # A client that speaks no TLS understands no other answer.
            if exc.reason == "HTTP_REQUEST":
                answer = _problem("this address speaks HTTPS, not HTTP")
                with contextlib.suppress(OSError):
                    socket.socket.send(client, answer, socket.MSG_DONTWAIT)
        elif isinstance(exc, ParseException) and not isinstance(exc, _OURS):
            said = masked(ascii(str(exc))[1:-1])[:_MAX_LOGGED]
            self.log.warning("not an HTTP request, from %s: %s", addr[0] if addr else "-", said)
            with contextlib.suppress(OSError):
                util.write_nonblock(client, _problem(f"expected an HTTP/1.1 request, got: {said}"))
        else:
            super().handle_error(req, client, addr, exc)


def _problem(detail: str) -> bytes:
    """The answer to a request that never reaches service/http/problems.py."""
    problem = {"type": "about:blank", "title": "Bad Request", "status": 400, "detail": detail}
    body = json.dumps(problem)
    return (
        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
        f"Content-Type: application/problem+json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode("ascii")


def _has_decrypted(sock: socket.socket) -> bool:
    """Whether TLS holds decrypted data, which poll(2) does not see."""
    return isinstance(sock, ssl.SSLSocket) and sock.pending() > 0


def _shut(sock: socket.socket, how: int) -> None:
    """Wakes the thread that waits on this socket. Leaves TLS alone: its state is the thread's."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sock, how)
