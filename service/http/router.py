"""The router: Falcon's, with HEAD wherever there is GET."""

from __future__ import annotations

from typing import Any

from falcon.routing import CompiledRouter

# The methods that only read. A cookie and HTTP Basic authenticate no other.
READ_METHODS = frozenset({"GET", "HEAD"})


class Router(CompiledRouter):
    """Answers HEAD as GET without the body (RFC 9110, section 9.3.2); Falcon drops the body."""

    def map_http_methods(self, resource: object, **kwargs: Any) -> Any:  # noqa: ANN401 — Falcon's
        methods: Any = super().map_http_methods(resource, **kwargs)
        if "GET" in methods:
            methods.setdefault("HEAD", methods["GET"])
        return methods
