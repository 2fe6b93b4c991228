"""Words the errors of a connection to the API, which urllib3 raises, in one line."""

from __future__ import annotations

import re

from urllib3 import exceptions

from agent.transport.delivery_error import DeliveryError
from agent.transport.problem_details import one_line

# Both are raised with these words only: by http.client and urllib3.
_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3}.*)", re.DOTALL)
_TIMEOUT = re.compile(r"timeout=([0-9.]+)")
_DENIED = ("401", "403", "407")


def delivery_error(url: str, proxy: str | None, error: exceptions.HTTPError) -> DeliveryError:
    """The error that stops the delivery; a proxy that denies access needs an operator."""
    if isinstance(error, exceptions.ProxyError):
        cause = error.original_error
        refused = _TUNNEL.match(str(cause))
        if refused is not None:
            answer = one_line(refused[1])
            return DeliveryError(
                f"{url}: the proxy {proxy} answered {answer}",
                access_denied=answer.startswith(_DENIED),
            )
        return DeliveryError(f"{url}: the proxy {proxy}: {_describe(cause)}")
    return DeliveryError(f"{url}: {_describe(error)}")


def _describe(error: Exception) -> str:
    cause = error.__cause__ or error.__context__
    detail = one_line(getattr(cause, "strerror", None) or str(cause or error))
    if isinstance(error, exceptions.NameResolutionError):
        return f"unknown host name: {detail}"
    if isinstance(error, exceptions.NewConnectionError):
        return f"no connection: {detail}"
    if isinstance(error, exceptions.ConnectTimeoutError):
        return f"no connection within {_seconds(error)} s"
    if isinstance(error, exceptions.ReadTimeoutError):
        return f"no answer within {_seconds(error)} s"
    return f"the connection broke: {detail}"


def _seconds(error: exceptions.TimeoutError) -> str:
    found = _TIMEOUT.search(str(error))
    return "the expected" if found is None else f"{float(found[1]):g}"
