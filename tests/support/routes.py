"""The routes that the application serves, as Falcon inspects them."""

from __future__ import annotations

from typing import Any

import falcon
import falcon.inspect


def served_routes(app: falcon.App[Any, Any]) -> list[falcon.inspect.RouteInfo]:
    """falcon.inspect.inspect_routes() knows Falcon's own router class only, not those below it."""
    return falcon.inspect.inspect_compiled_router(app._router)
