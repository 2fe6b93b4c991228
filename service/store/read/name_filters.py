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
            "any": self.name is None and self.username is None,
        }


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
            "any": self.username is None,
        }


def _exact_or_like(text: str | None) -> tuple[str | None, str | None]:
    if text is None or "*" not in text:
        return text, None
    for special in "!%_":
        text = text.replace(special, f"!{special}")
    return None, text.replace("*", "%")
