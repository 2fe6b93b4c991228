"""Checks the installed gunicorn at the start, before a worker relies on it.

service/http/worker.py overrides and uses parts of gunicorn that are not documented. A version that
has renamed one of them would fail later, in the middle of a request.
"""

from __future__ import annotations

import inspect
import pkgutil

import gunicorn  # type: ignore[import-untyped]

from service.errors import UnsupportedGunicornError

_WORKER = "gunicorn.workers.gthread:ThreadWorker"
_CONNECTION = "gunicorn.workers.gthread:TConn"

# Functions, with their parameters; None for anything else.
EXPECTED: dict[str, tuple[str, ...] | None] = {
    # Overridden by the worker.
    f"{_WORKER}.enqueue_req": ("self", "conn"),
    f"{_WORKER}.finish_request": ("self", "conn", "fs"),
    f"{_WORKER}.wait_for_and_dispatch_events": ("self", "timeout"),
    f"{_WORKER}.handle": ("self", "conn"),
    f"{_WORKER}.handle_request": ("self", "req", "conn"),
    f"{_WORKER}._keepalive_after": ("self", "conn", "keepalive"),
    f"{_WORKER}.handle_error": ("self", "req", "client", "addr", "exc"),
    # Used by it.
    f"{_WORKER}.set_accept_enabled": ("self", "enabled"),
    f"{_CONNECTION}.wait_for_data": ("self", "timeout"),
    "gunicorn.workers.gthread:_DEFER": None,
    "gunicorn.http.errors:InvalidResponseHeader": None,
    "gunicorn.http.errors:InvalidResponseHeaderName": None,
    "gunicorn.http.errors:ParseException": None,
    "gunicorn.util:close_graceful": ("sock", "timeout", "max_drain"),
    "gunicorn.util:write_nonblock": ("sock", "data", "chunked"),
}

# Attributes that are set when an object is created.
EXPECTED_ATTRIBUTES = {
    _WORKER: ("alive", "cfg", "log", "nr_conns"),
    "gunicorn.arbiter:Arbiter": ("SIG_QUEUE",),  # gunicorn.conf.py reads it
    _CONNECTION: ("data_ready", "initialized", "is_http2", "parser", "sock"),
}


def require_known_gunicorn() -> None:
    """Raises UnsupportedGunicornError, which names the first part that is missing or different."""
    for name, parameters in EXPECTED.items():
        try:
            found = pkgutil.resolve_name(name)
        except (ImportError, AttributeError):
            raise _unsupported(f"has no {name}") from None
        if parameters is not None and tuple(inspect.signature(found).parameters) != parameters:
            raise _unsupported(f"has another {name}, expected ({', '.join(parameters)})")
    for name, attributes in EXPECTED_ATTRIBUTES.items():
        methods = [vars(base).get("__init__") for base in pkgutil.resolve_name(name).__mro__]
        created = [each.__code__.co_names for each in methods if inspect.isfunction(each)]
        for attribute in attributes:
            if not any(attribute in names for names in created):
                raise _unsupported(f"creates no {name}.{attribute}")


def _unsupported(difference: str) -> UnsupportedGunicornError:
    return UnsupportedGunicornError(
        f"gunicorn {gunicorn.__version__} {difference}, which service/http/worker.py needs:"
        " install the version that requirements.txt names"
    )
