"""Route converters: numbers in addresses, one spelling for each, so a record has one address."""

from __future__ import annotations

import re

from falcon.routing import BaseConverter

from service.store.engines import MAX_INTEGER

# Python's int() would read +1, 01, 1_0 and digits of every script as well.
_ID = re.compile(r"[1-9][0-9]{0,18}")


class IdConverter(BaseConverter):
    """{name:id} in a route: an integer from 1 to 2^63 - 1. Any other text is an unknown address."""

    def convert(self, value: str) -> int | None:
        if not _ID.fullmatch(value) or int(value) > MAX_INTEGER:
            return None
        return int(value)
