"""Filters by the names of programs and users."""

from __future__ import annotations

from typing import Any, NamedTuple


class ProcessFilter(NamedTuple):
    """Selects processes; a null criterion selects all.

    A name or username matches exactly; with * for any characters it ignores the case of ASCII
    letters.
    """

    name: str | None = None
    username: str | None = None
    pid: int | None = None

    def parameters(self) -> dict[str, Any]:
        """The parameters that the queries take."""
        name, name_like = _exact_or_like(self.name)
        username, username_like = _exact_or_like(self.username)
        return {
            "name": name,
            "name_like": name_like,
            "username": username,
            "username_like": username_like,
            "pid": self.pid,
        }

    @property
    def is_exact(self) -> bool:
        """Whether the index of names leads to what it selects."""
        return self.name is not None and "*" not in self.name

    @property
    def is_by_name(self) -> bool:
        """Whether it selects by names at all."""
        return self.name is not None or self.username is not None


class LoginFilter(NamedTuple):
    """Selects logins; a null criterion selects all. A username matches as in a ProcessFilter."""

    username: str | None = None
    pid: int | None = None

    def parameters(self) -> dict[str, Any]:
        """The parameters that the queries take."""
        username, username_like = _exact_or_like(self.username)
        return {
            "username": username,
            "username_like": username_like,
            "pid": self.pid,
        }

    @property
    def is_exact(self) -> bool:
        """As of a ProcessFilter."""
        return self.username is not None and "*" not in self.username

    @property
    def is_by_name(self) -> bool:
        """As of a ProcessFilter."""
        return self.username is not None


def _exact_or_like(text: str | None) -> tuple[str | None, str | None]:
    if text is None or "*" not in text:
        return text, None
    return None, escape_like(text).replace("*", "%")


def escape_like(text: str) -> str:
    """A pattern of LIKE with ESCAPE '!' that matches this text."""
    for special in "!%_":
        text = text.replace(special, f"!{special}")
    return text
