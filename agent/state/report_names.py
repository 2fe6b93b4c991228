"""The names of the reports in the spool: a number and the checksum of the content.

    10000000000123456789-5f1d03a2-9ae1c07b.json    10^19 + the number, random, CRC-32

The numbers are those of state/spool_clock.py. Release 0.1.0 used the microseconds since 1970
instead, which are below 10^19: its reports precede all others, in its order.
"""

from __future__ import annotations

import os
import re
from binascii import crc32

_FIRST = 10**19
_NAME = re.compile(r"(\d{20})-[0-9a-f]{8}-([0-9a-f]{8})\.json", re.ASCII)
DROPPED = "dropped.json"
_NOT_IN_NAMES = frozenset("/\\:\0")


def name_of(number: int, body: bytes) -> str:
    return f"{_FIRST + number:020d}-{os.urandom(4).hex()}-{crc32(body):08x}.json"


def is_report(name: str) -> bool:
    """Whether a name in the spool is that of a report, or of a file in the place of one."""
    return name.endswith(".json") and name != DROPPED and _NOT_IN_NAMES.isdisjoint(name)


def number_of(name: str) -> int | None:
    """The number of a report; 0 for those of release 0.1.0, None for other files."""
    matched = _NAME.fullmatch(name)
    return None if matched is None else max(0, int(matched[1]) - _FIRST)


def checksum_of(name: str) -> int | None:
    """The checksum in a name; None for other files."""
    matched = _NAME.fullmatch(name)
    return None if matched is None else int(matched[2], 16)
