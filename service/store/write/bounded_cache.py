"""A mapping of bounded size, whatever is put into it."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")

_PARTS = 4  # an entry that takes more than one of so many parts is not kept


class BoundedCache(Generic[Key, Value]):
    """Forgets the entries that were put first when the sizes of all exceed the most.

    Threads may get while one puts.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._entries: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self._size = 0

    def get(self, key: Key) -> Value | None:
        entry = self._entries.get(key)
        return None if entry is None else entry[0]

    def put(self, key: Key, value: Value, size: int) -> None:
        known = self._entries.pop(key, None)
        if known is not None:
            self._size -= known[1]
        if size > self._most // _PARTS:
            return
        self._entries[key] = value, size
        self._size += size
        while self._size > self._most:
            _, (_, freed) = self._entries.popitem(last=False)
            self._size -= freed

    def clear(self) -> None:
        self._entries.clear()
        self._size = 0
