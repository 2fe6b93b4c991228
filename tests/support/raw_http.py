"""HTTP byte by byte, for requests of ill-behaved clients."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Mapping

from tests.support.live import Answer, LiveService


def head(headers: Mapping[str, object]) -> bytes:
    """The head of a POST /servers with these headers beside Host and Content-Type."""
    lines = ["POST /servers HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def exchange(
    service: LiveService, sent: bytes, *, then_close: bool = False, timeout: float = 10
) -> Answer:
    """The answer of the service to these bytes; then_close: our side closes after them."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=timeout) as connection:
        connection.sendall(sent)
        if then_close:
            connection.shutdown(socket.SHUT_WR)
        response = http.client.HTTPResponse(connection, method="POST")
        response.begin()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, names, response.read())
