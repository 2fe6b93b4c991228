"""The address of a client: that of its connection, or the one that a trusted proxy reports."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

import falcon

from service.auth.auth_throttle import subscriber_of
from service.store.tokens import Token


class ClientIpMiddleware:
    """Sets req.context.client_ip. Believes X-Forwarded-For of the given proxies only."""

    def __init__(self, proxies: Sequence[IPv4Network | IPv6Network]) -> None:
        self._proxies = proxies

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        client = str(req.remote_addr)
        if "." in client:  # an IPv4 client on an IPv6 socket
            client = client.removeprefix("::ffff:")
        # Each proxy appends the address that it sees. A client may have invented all entries to
        # the left of the last address that is not one of our proxies.
        forwarded = [part.strip() for part in (req.get_header("X-Forwarded-For") or "").split(",")]
        while forwarded and self._is_proxy(client) and _is_address(forwarded[-1]):
            client = forwarded.pop()
        req.context.client_ip = client

    def _is_proxy(self, client: str) -> bool:
        return _is_address(client) and any(
            ip_address(client) in network for network in self._proxies
        )


def source_of(req: falcon.Request) -> str:
    """Who sends a request: its token, or its subscriber where none is needed."""
    token: Token | None = req.context.token
    return subscriber_of(req.context.client_ip) if token is None else f"token {token.id}"


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text  # a zone is any text, of any length
