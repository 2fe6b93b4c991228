"""What crosses between the guard and its process: a length, then JSON or a database image."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import orjson

LENGTH = struct.Struct("!I")
MAX_FRAME = 1024 * 1024 * 1024


def frame(payload: bytes) -> bytes:
    return LENGTH.pack(len(payload)) + payload


def json_frame(value: Any) -> bytes:  # noqa: ANN401 — whatever JSON holds
    return frame(orjson.dumps(value))


def read_frame(read: Callable[[int], bytes], max_length: int = MAX_FRAME) -> bytes | None:
    """The next payload; null at the end. read: so many bytes, or fewer at the end.

    Raises ValueError for a frame that is longer, or cut off.
    """
    head = read(LENGTH.size)
    if not head:
        return None
    (length,) = LENGTH.unpack(head)
    if length > max_length:
        raise ValueError(f"a frame of {length} bytes")
    payload = read(length)
    if len(payload) < length:
        raise ValueError("a frame was cut off")
    return payload
