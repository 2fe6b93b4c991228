"""Reads the files of rules, whatever stands in their places.

A folder of rules is the user's: a name in it may be a pipe that nobody writes to, a device without
an end, or a file of gigabytes.
"""

from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path
from typing import Any


def read_small(path: Path, max_bytes: int) -> bytes:
    """The content of a file. Raises ValueError if it is longer, or no file; OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe is opened without a writer
    content = bytearray()
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("is no file")
        while len(content) <= max_bytes and (
            chunk := os.read(descriptor, max_bytes + 1 - len(content))
        ):
            content += chunk
    finally:
        os.close(descriptor)
    if len(content) > max_bytes:
        raise ValueError(f"is longer than {max_bytes} bytes")
    return bytes(content)


def parse_toml(text: str) -> dict[str, Any]:
    """The tables of a text. Raises ValueError, whatever is wrong with it."""
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error


def is_hidden(name: str) -> bool:
    """Whether a file is none of the user's: editors and archives leave such beside the others."""
    return name.startswith(".")


def is_there(path: Path) -> bool:
    """Whether there is something, be it that it cannot be read."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return path.is_symlink()
    except OSError:
        return True
    return True
