"""Where a request comes from: the address of its connection, or what a named proxy says of it."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

import falcon


class Sources:
    """Middleware: sets req.context.source. Only proxies that are named are believed."""

    def __init__(self, proxies: Sequence[IPv4Network | IPv6Network]) -> None:
        self._proxies = proxies

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        source = str(req.remote_addr)
        if "." in source:  # IPv4, also where IPv6 is listened to
            source = source.removeprefix("::ffff:")
        # Each proxy adds the address that it sees, so what stands left of the last stranger may
        # be made up by him.
        said = [part.strip() for part in (req.get_header("X-Forwarded-For") or "").split(",")]
        while said and self._is_proxy(source) and _is_address(said[-1]):
            source = said.pop()
        req.context.source = source

    def _is_proxy(self, source: str) -> bool:
        return _is_address(source) and any(
            ip_address(source) in network for network in self._proxies
        )


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text  # what follows may be anything, of any length
