"""Keys in addresses: one spelling for each, so that a record has one address."""

from __future__ import annotations

import re

from falcon.routing import BaseConverter

_LARGEST = 2**63 - 1

# Python's int() would read +1, 01, 1_0 and digits of every script as well.
_KEY = re.compile(r"[1-9][0-9]{0,18}")


class IdConverter(BaseConverter):
    """{name:key} in a route: an integer from 1 to 2^63 - 1. Anything else is no such address."""

    def convert(self, value: str) -> int | None:
        if not _KEY.fullmatch(value) or int(value) > _LARGEST:
            return None
        return int(value)
