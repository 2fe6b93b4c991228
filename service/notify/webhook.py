"""Posts a message: verified certificates, no redirects, one deadline for all of a try."""

from __future__ import annotations

import time
from contextlib import closing, suppress
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError, SSLError
from urllib3.exceptions import TimeoutError as NoAnswerError
from urllib3.util import parse_url

from service import times
from service.notify.attempt import Attempt, answered
from service.notify.deadline import Deadline
from service.notify.receivers import Receiver
from service.notify.signature import MESSAGE_ID, signed

_MAX_ANSWER = 1 << 14  # bytes; nothing of it is shown


class Webhook:
    """A connection to one receiver, used by one thread."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        options: dict[str, Any] = {
            "retries": False,
            "timeout": urllib3.Timeout(connect=receiver.deadline, read=receiver.deadline),
            "cert_reqs": "CERT_REQUIRED",
            "ca_certs": None if receiver.ca_file is None else str(receiver.ca_file),
        }
        if receiver.proxy is None:
            self._pool: urllib3.PoolManager = urllib3.PoolManager(**options)
        else:
            proxy = parse_url(receiver.proxy)
            headers = urllib3.make_headers(proxy_basic_auth=proxy.auth) if proxy.auth else None
            self._pool = urllib3.ProxyManager(receiver.proxy, proxy_headers=headers, **options)

    def send(self, body: bytes, message_id: str) -> Attempt:
        """Tries once. Never raises for what the receiver or the network does."""
        receiver = self._receiver
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "compliance",
            MESSAGE_ID: message_id,
        }
        if receiver.secret is not None:
            headers |= signed(receiver.secret, int(time.time()), body)
        made = _connections_of(self._pool.connection_from_url(receiver.url))
        sockets = lambda: [connection.sock for connection in made]  # noqa: E731 — the whole of it
        with closing(self), Deadline(receiver.deadline, sockets) as deadline:
            try:
                response = self._pool.request(
                    "POST",
                    receiver.url,
                    body=body,
                    headers=headers,
                    redirect=False,
                    preload_content=False,
                )
                if deadline.is_over:  # the head may have been cut off, and looks complete
                    response.close()
                    return Attempt("no answer within the deadline")
                try:
                    with suppress(HTTPError):  # its status counts, whatever follows
                        response.read(_MAX_ANSWER)
                finally:
                    response.close()
            except HTTPError as error:
                return Attempt(_words(error, is_late=deadline.is_over))
            except (OSError, ValueError) as error:  # a certificate that cannot be read
                return Attempt(type(error).__name__)
        return answered(response.status, response.headers, times.now())

    def close(self) -> None:
        """Closes the connection. A message is rare: the next one connects anew."""
        self._pool.clear()


def _words(error: HTTPError, *, is_late: bool) -> str:
    """Without the address, which is a secret: urllib3 puts it into its texts."""
    if isinstance(error, NewConnectionError):  # a name that is not known, too
        return "no connection"
    if is_late or isinstance(error, NoAnswerError):
        return "no answer within the deadline"
    if isinstance(error, SSLError):
        return "the certificate is not valid, or TLS failed"
    return f"the connection broke ({type(error).__name__})"


def _connections_of(pool: Any) -> list[Any]:  # noqa: ANN401 — a pool of urllib3
    """A list to which each connection that the pool makes is added."""
    made: list[Any] = []
    kind = pool.ConnectionCls

    def make(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 — as the class
        connection = kind(*arguments, **options)
        made.append(connection)
        return connection

    pool.ConnectionCls = make
    return made
