"""Gives each request of schemathesis (SCHEMATHESIS_HOOKS) a client address of its own.

The throttle would delay each invalid token of one address by a second.
"""

from __future__ import annotations

from ipaddress import IPv4Address
from itertools import count
from typing import Any

import schemathesis

_ADDRESSES = map(IPv4Address, count(int(IPv4Address("10.0.0.1"))))


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    case.headers["X-Forwarded-For"] = str(next(_ADDRESSES))
