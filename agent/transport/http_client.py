"""The HTTP client of the API: posts a body and returns the answer."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, NamedTuple

from agent import __version__
from agent.transport.credentials import proxy_authorization, read_token, tls_context
from agent.transport.deadline import Deadline
from agent.transport.delivery_error import DeliveryError
from agent.transport.problem_details import explain, one_line

if TYPE_CHECKING:
    import urllib3

    from agent.transport.credentials import Credentials

CONNECT_SECONDS = 5.0
PROXY_CONNECT_SECONDS = 15.0  # the proxy connects to the API within this time
ANSWER_SECONDS = 30.0
EXCHANGE_SECONDS = 60.0
_MAX_ANSWER_BYTES = 1 << 16


class Answer(NamedTuple):
    status: int
    reason: str
    location: str | None
    retry_after: str | None
    content_type: str
    body: bytes
    date: str | None = None


class ApiClient:
    """The API at an address such as http://api.example:8000, over persistent connections.

    proxy: the address of an HTTP proxy for all requests. It forwards those for http; for https it
        opens a tunnel (CONNECT), and TLS is verified with the API itself.

    Redirects are not followed, answers are not decoded, and the variables for proxies
    (HTTP_PROXY, NO_PROXY ...) are ignored.
    """

    def __init__(self, url: str, credentials: Credentials, proxy: str | None = None) -> None:
        self.url = url
        self._credentials = credentials
        self._proxy = proxy
        self._pool: urllib3.PoolManager | None = None
        self._connections: list[Any] = []
        self._headers: dict[str, str] = {}

    def __enter__(self) -> ApiClient:  # noqa: PYI034 — Self needs Python 3.11
        """Raises DeliveryError if a token, certificate or key cannot be read."""
        import urllib3  # noqa: PLC0415 — costs 60 ms, and --print does not need it

        self._headers = {
            "Content-Type": "application/json",
            "Accept": "application/json, application/problem+json",
            "User-Agent": f"compliance-agent/{__version__}",
        }
        token = read_token(self._credentials)
        if token is not None:
            self.use_token(token)
        context = tls_context(self._credentials) if self.url.startswith("https:") else None
        options: dict[str, Any] = {
            "retries": False,
            "timeout": urllib3.Timeout(
                connect=CONNECT_SECONDS if self._proxy is None else PROXY_CONNECT_SECONDS,
                read=ANSWER_SECONDS,
            ),
            "ssl_context": context,
        }
        if self._proxy is None:
            self._pool = urllib3.PoolManager(**options)
        else:
            self._pool = urllib3.ProxyManager(
                self._proxy, proxy_headers=proxy_authorization(self._credentials), **options
            )
        self._connections = _connections_of(self._pool.connection_from_url(self.url))
        return self

    def __exit__(self, *_error: object) -> None:
        if self._pool is not None:
            self._pool.clear()
            self._pool = None

    def use_token(self, token: str) -> None:
        """Send this token with every request until the connections are closed."""
        self._headers["Authorization"] = f"Bearer {token}"

    def post(
        self,
        body: bytes,
        path: str = "/servers",
        token: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer:
        """Post once and return the answer, whatever its status.

        token: replaces the token in use for this request
        idempotency_key: the same for all attempts of one request

        Raises DeliveryError if there is no answer: no connection, a timeout, a broken connection,
        or no complete answer head within EXCHANGE_SECONDS.
        """
        with Deadline(EXCHANGE_SECONDS, self._connections) as deadline:
            return self._exchange(body, path, self._own(token, idempotency_key), deadline)

    def _own(self, token: str | None, idempotency_key: str | None) -> dict[str, str]:
        """The headers of one request."""
        headers = dict(self._headers)
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        return headers

    def _exchange(
        self, body: bytes, path: str, headers: dict[str, str], deadline: Deadline
    ) -> Answer:
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 — see above

        from agent.transport.connection_errors import delivery_error  # noqa: PLC0415 — the same

        assert self._pool is not None, "used outside of `with`"  # noqa: S101
        late = f"{self.url}: no complete answer within {EXCHANGE_SECONDS:g} s"
        try:
            response = self._pool.request(
                "POST",
                self.url.rstrip("/") + path,
                body=body,
                headers=headers,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        except HTTPError as error:
            if deadline.expired:
                raise DeliveryError(late) from error
            raise delivery_error(self.url, self._proxy, error) from error
        if deadline.expired:  # the head may have been cut off, and looks complete
            response.close()
            raise DeliveryError(late)
        content = b""
        # The body of a 2xx answer is not needed, and without Content-Length it may never end.
        if response.status >= 300 or "Content-Length" in response.headers:
            # If the connection breaks here, only the reasons are lost: the status counts.
            with contextlib.suppress(HTTPError):
                content = response.read(_MAX_ANSWER_BYTES)
        is_complete = len(content) < _MAX_ANSWER_BYTES and "Content-Length" in response.headers
        if is_complete and not deadline.expired:
            response.release_conn()
        else:
            response.close()
        return Answer(
            response.status,
            one_line(response.reason or ""),
            response.headers.get("Location"),
            response.headers.get("Retry-After"),
            response.headers.get("Content-Type", ""),
            content,
            response.headers.get("Date"),
        )


def _connections_of(pool: Any) -> list[Any]:  # noqa: ANN401 — a urllib3 pool, imported lazily
    """A list to which each connection that the pool creates is added."""
    created: list[Any] = []
    connection_class = pool.ConnectionCls

    def create(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 — as the class
        connection = connection_class(*arguments, **options)
        created.append(connection)
        return connection

    pool.ConnectionCls = create
    return created


def answer_error(answer: Answer, summary: str) -> DeliveryError:
    """The error for an answer that stops the delivery; summary: the answer in words."""
    reasons = "".join(f"; {line}" for line in explain(answer))
    denied = answer.status in {401, 403, 407}  # 407 is a proxy's
    return DeliveryError(summary + reasons, answer.retry_after, access_denied=denied)
