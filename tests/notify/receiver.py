"""A real receiver of webhooks on loopback, which does as it is told."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Taken(NamedTuple):
    headers: dict[str, str]  # names in lower case
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class HttpReceiver:
    """behaviours: of the next requests, one each; then it takes all.

    A number is the status of the answer; "hang" answers nothing, "drip" begins and never ends,
    "close" reads the message and closes, "break" closes in the middle of the answer.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.behaviours: list[int | str] = []
        self.answer_headers: dict[str, str] = {}
        self.seen: list[Taken] = []  # all that came whole
        self.taken: list[Taken] = []  # what was answered with 200
        self.released = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.handle(self)

            def do_GET(self) -> None:
                receiver.handle(self)

            def log_message(self, *_: object) -> None: ...

        self._handler = Handler
        self._server: ThreadingHTTPServer | None = None
        self.port = 0

    @property
    def is_tls(self) -> bool:
        return self._tls is not None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/services/a-secret-path"

    def start(self) -> None:
        ThreadingHTTPServer.daemon_threads = True
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler)
        self.port = self._server.server_address[1]
        if self._tls is not None:
            # The thread of each request does the handshake, not the accepting one.
            self._server.socket = self._tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True).start()

    def stop(self) -> None:
        """It refuses connections then, until it is started again."""
        if self._server is not None:
            self.released.set()
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        message = Taken({name.lower(): v for name, v in request.headers.items()}, body)
        self.seen.append(message)
        behaviour = self.behaviours.pop(0) if self.behaviours else 200
        if behaviour == "hang":
            self.released.wait(20)
        elif behaviour == "drip":
            while not self.released.wait(0.05):
                request.wfile.write(b"H")
        elif behaviour == "break":
            request.wfile.write(b"HTTP/1.1 2")
        elif isinstance(behaviour, int):
            if behaviour == 200:
                self.taken.append(message)
            request.send_response(behaviour)
            for name, value in self.answer_headers.items():
                request.send_header(name, value)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        request.connection.shutdown(socket.SHUT_RDWR)
        request.close_connection = True

    def wait(self, count: int, seconds: float = 20) -> list[Taken]:
        """What it took, once that are so many."""
        ends = time.monotonic() + seconds
        while len(self.taken) < count and time.monotonic() < ends:
            time.sleep(0.01)
        assert len(self.taken) >= count, [message.json() for message in self.taken]
        return self.taken


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[HttpReceiver]:
    receiver = HttpReceiver(tls)
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.stop()
