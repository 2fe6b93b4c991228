"""APIs for tests of the agent: one with prepared answers, and a proxy that loses answers."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple


class Reply(NamedTuple):
    """One answer of a scripted API; status 0 closes the connection instead."""

    status: int
    headers: dict[str, str] = {}  # noqa: RUF012 — never changed
    body: bytes = b""


class ScriptedApi(http.server.ThreadingHTTPServer):
    """A real HTTP server that gives prepared answers and records the requests."""

    daemon_threads = True

    def __init__(self, answers: list[Reply]) -> None:
        super().__init__(("127.0.0.1", 0), _Scripted)
        self.answers = answers
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.connections = 0
        self.url = f"http://127.0.0.1:{self.server_port}"

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        super().process_request(request, client_address)


class _Scripted(http.server.BaseHTTPRequestHandler):
    server: ScriptedApi
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((self.path, dict(self.headers), body))
        reply = self.server.answers.pop(0)
        if reply.status == 0:
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    do_GET = do_POST  # noqa: N815 — the name that http.server looks for

    def log_message(self, *_arguments: object) -> None:
        pass


@contextlib.contextmanager
def scripted_api(*answers: Reply) -> Iterator[ScriptedApi]:
    with ScriptedApi(list(answers)) as api:
        thread = threading.Thread(target=api.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield api
        finally:
            api.shutdown()
            thread.join()


class Proxy(http.server.ThreadingHTTPServer):
    """Forwards each request to a port of loopback, and loses selected answers."""

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
        """Silent: tests kill agents during an answer."""


class _Forward(http.server.BaseHTTPRequestHandler):
    server: Proxy
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        connection = http.client.HTTPConnection("127.0.0.1", self.server.behind, timeout=20)
        try:
            headers = {"Content-Type": "application/json"}
            for name in ("Authorization", "Idempotency-Key"):
                if self.headers[name]:
                    headers[name] = self.headers[name]
            connection.request("POST", self.path, body, headers)
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
    """loses: whether the answer with this number (1, 2, …) is lost."""
    with Proxy(port, loses) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
