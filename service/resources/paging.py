"""Pages by keyset: a cursor holds the key after which the next page begins.

A cursor is 16 hexadecimal digits: schemas/openapi.json can say exactly which texts are one.
"""

from __future__ import annotations

import json
import re
from urllib.parse import urlencode

import falcon

from service.errors import InvalidParameterError

DEFAULT_LIMIT = 100
MOST = 1000

_CURSOR = re.compile(r"[0-7][0-9a-f]{15}")  # 0 to 2^63 - 1


def page_asked_for(req: falcon.Request) -> tuple[int, int]:
    """(the key after which the page begins, how many rows). Raises InvalidParameterError."""
    for name in req.params:
        if name not in ("cursor", "limit"):
            raise InvalidParameterError(
                name[:60], "expected no such parameter, only cursor and limit"
            )
    return _after(_single(req, "cursor")), _limit(_single(req, "limit"))


def link_to_next(req: falcon.Request, resp: falcon.Response, after: int, limit: int) -> str:
    """Adds `Link: …; rel="next"`, and returns the address in it."""
    target = f"{req.path}?{urlencode({'limit': limit, 'cursor': f'{after:016x}'})}"
    resp.append_link(target, "next")
    return target


def _single(req: falcon.Request, name: str) -> str | None:
    values = req.get_param_as_list(name)
    if values is None:
        return None
    if len(values) != 1:
        raise InvalidParameterError(name, f"expected one value, got {len(values)}")
    return values[0]


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= MOST):
        raise InvalidParameterError(
            "limit", f"expected an integer from 1 to {MOST}, got {json.dumps(text[:40])}"
        )
    return int(text)


def _after(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not _CURSOR.fullmatch(cursor):
        raise InvalidParameterError(
            "cursor", f"expected the cursor of a next page, got {json.dumps(cursor[:40])}"
        )
    return int(cursor, 16)
