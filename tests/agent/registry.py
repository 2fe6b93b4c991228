"""A registry of Windows in memory, in place of the module winreg."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping
from types import SimpleNamespace

import pytest

HKEY_LOCAL_MACHINE = 0x80000002
KEY_READ, KEY_WOW64_64KEY = 0x20019, 0x0100

Registry = Mapping[str, Mapping[str, object]]


def install(patch: pytest.MonkeyPatch, registry: Registry, denied: tuple[str, ...] = ()) -> None:
    """Values by the paths of their keys, which exist in the 64-bit view only."""

    @contextlib.contextmanager
    def open_key(root: int, path: str, _reserved: int, access: int) -> Iterator[str]:
        assert root == HKEY_LOCAL_MACHINE
        if path in denied:
            raise PermissionError(13, "Access is denied")
        if path not in registry or not access & KEY_WOW64_64KEY:
            raise FileNotFoundError(2, "The system cannot find the file specified")
        yield path

    def query_value(path: str, name: str) -> tuple[object, int]:
        try:
            value = registry[path][name]
        except KeyError:
            raise FileNotFoundError(2, "The system cannot find the file specified") from None
        return value, 4 if isinstance(value, int) else 1

    module = SimpleNamespace(
        HKEY_LOCAL_MACHINE=HKEY_LOCAL_MACHINE,
        KEY_READ=KEY_READ,
        KEY_WOW64_64KEY=KEY_WOW64_64KEY,
        OpenKey=open_key,
        QueryValueEx=query_value,
    )
    patch.setitem(sys.modules, "winreg", module)
