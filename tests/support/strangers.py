"""For schemathesis (SCHEMATHESIS_HOOKS): each of its requests comes from an address of its own.

So that it need not wait a second for each wrong token that it tries.
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
