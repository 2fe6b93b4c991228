"""Reads the values of settings: each function returns the form that the agent uses everywhere.

All raise ValueError with one line.
"""

# ruff: noqa: PTH109, PTH112, PTH113, PTH118
from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agent.state.state_paths import is_absolute

if TYPE_CHECKING:
    from collections.abc import Callable


def api_address(text: str) -> str:
    """An http or https address, scheme and host in lower case, without a slash at the end."""
    return _address(text, ("http", "https"), "http[s]://HOST[:PORT]")


def proxy_address(text: str) -> str:
    """The address of an HTTP proxy. Its user and password are in a file."""
    found = _address(text, ("http",), "http://HOST[:PORT]")
    if "/" in found.partition("://")[2]:
        raise ValueError(f"{text!r}: expected http://HOST[:PORT]")
    return found


def _address(text: str, schemes: tuple[str, ...], shape: str) -> str:
    # urlsplit() silently removes blanks around an address, and tabs and line breaks within it.
    text = text.strip()
    try:
        parts = urlsplit(text)
        port = parts.port
        # An international name is sent as ASCII (RFC 5891); also checks the lengths of the labels.
        host = (parts.hostname or "").encode("idna").decode("ascii")
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}") from None
    is_one_word = text.isprintable() and " " not in text
    if parts.scheme not in schemes or not host or port == 0 or not is_one_word:
        raise ValueError(f"{text!r}: expected {shape}")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("expected an address without a user or a query")
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}{'' if port is None else f':{port}'}{parts.path.rstrip('/')}"


def number(minimum: float, maximum: float, unit: str) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            found = float(text)
        except ValueError:
            found = minimum - 1
        if not minimum <= found <= maximum:
            raise ValueError(f"{text!r}: expected a number of {unit} from {minimum:g} to {maximum}")
        return found

    return parse


def folder(text: str) -> str:
    if not os.path.isdir(path(text)):
        raise ValueError(f"{text!r}: no such folder")
    return text


def file(text: str) -> str:
    if not os.path.isfile(path(text)):
        raise ValueError(f"{text!r}: no such file")
    return text


def path(text: str) -> str:
    """A path that need not exist."""
    if not text or "\0" in text:
        raise ValueError(f"{text!r}: expected a path")
    return text


def state_folder(text: str) -> str:
    r"""The absolute path of a folder that the agent creates.

    Windows programs start in arbitrary folders, so there the path must be absolute: `C:\x`, not
    `x`, `C:x` or `\x`.
    """
    if is_absolute(path(text)):
        return text
    if os.name == "nt":
        raise ValueError(f"{text!r}: expected an absolute path")
    try:
        return os.path.join(os.getcwd(), text)
    except OSError as error:
        raise ValueError(f"{text!r}: the working folder: {error.strerror}") from None


def version(text: str) -> int:
    if text not in {"1", "2"}:
        raise ValueError(f"{text!r}: expected 1 or 2")
    return int(text)


def switch(text: str) -> bool:
    words = {"yes": True, "true": True, "on": True, "1": True}
    words.update({"no": False, "false": False, "off": False, "0": False})
    if text.lower() not in words:
        raise ValueError(f"{text!r}: expected yes or no")
    return words[text.lower()]
