"""APIs that tests of the agent put before it: a proxy that loses answers, one that only hangs."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import threading
from collections.abc import Callable, Iterator
from typing import Any


class Proxy(http.server.ThreadingHTTPServer):
    """Forwards every request to a port of loopback, and drops the answers that it is told to."""

    daemon_threads = True

    def __init__(self, port: int, loses: Callable[[int], bool]) -> None:
        super().__init__(("127.0.0.1", 0), _Forward)
        self.behind = port
        self.loses = loses
        self.bodies: list[bytes] = []
        self.statuses: list[int] = []
        self.paths: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """An agent that is killed while it is answered is no news."""


class _Forward(http.server.BaseHTTPRequestHandler):
    server: Proxy
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        connection = http.client.HTTPConnection("127.0.0.1", self.server.behind, timeout=20)
        try:
            named = {"Content-Type": "application/json"}
            if self.headers["Authorization"]:
                named["Authorization"] = self.headers["Authorization"]
            connection.request("POST", self.path, body, named)
            answer = connection.getresponse()
            content = answer.read()
        except OSError:
            self.close_connection = True
            return
        finally:
            connection.close()
        self.server.paths.append(self.path)
        self.server.bodies.append(body)
        self.server.statuses.append(answer.status)
        if self.server.loses(len(self.server.statuses)):
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name in ("Content-Type", "Location", "Retry-After"):
            if answer.headers[name]:
                self.send_header(name, answer.headers[name])
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: object) -> None:
        pass


@contextlib.contextmanager
def proxy_before(port: int, loses: Callable[[int], bool]) -> Iterator[Proxy]:
    """loses: told the number of an answer (1, 2, …), says whether it is lost."""
    with Proxy(port, loses) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
