"""The sessions that libsystemd finds in /run/systemd; see sd-login(3).

It needs no D-Bus, whose daemon refuses the transient account of the agent's unit (systemd issues
9503 and 22737). elogind has the same functions.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from agent.collectors.logind import Session, Unusable, as_session
from agent.machine import read_text

if TYPE_CHECKING:
    import ctypes
    from collections.abc import Mapping

_LIBRARIES = ("libsystemd.so.0", "libelogind.so.0")
_FOLDER = "/run/systemd/sessions"
_MAX_FILE_BYTES = 1 << 16


def read_sessions() -> list[Session]:
    """The sessions of users. Raises Unusable."""
    library = Library()
    # Every login manager creates seat0 when it starts. Without one, no session is "nobody".
    if library.count_seats() == 0:
        raise Unusable("no login manager has started")
    found = (_read_session(library, name) for name in library.list_sessions())
    return [session for session in found if session is not None]


class Library:
    """The functions of libsystemd or libelogind. Raises Unusable if neither can be loaded."""

    def __init__(self) -> None:
        try:
            import ctypes  # noqa: PLC0415 — costs 3 ms; some Pythons are built without it
        except ImportError as error:
            raise Unusable(f"this Python has no ctypes: {error}") from error
        self._ctypes = ctypes
        self._functions = _load(ctypes)
        self._free = ctypes.CDLL(None).free
        self._free.argtypes = [ctypes.c_void_p]
        self._free.restype = None

    def count_seats(self) -> int:
        return self._checked("sd_get_seats", None)

    def list_sessions(self) -> list[bytes]:
        names = self._ctypes.POINTER(self._ctypes.c_void_p)()
        count = self._checked("sd_get_sessions", self._ctypes.byref(names))
        found = [self._taken(names[position]) for position in range(count)]
        self._free(names)
        return found

    def text(self, fact: str, session: bytes) -> str:
        """A fact such as "tty"; empty if the session has ended or has none."""
        value = self._ctypes.c_void_p()
        function = getattr(self._functions, f"sd_session_get_{fact}")
        if function(session, self._ctypes.byref(value)) < 0:
            return ""
        return self._taken(value.value).decode("utf-8", "surrogateescape")

    def newer_facts(self, session: bytes) -> Mapping[str, str] | None:
        """USER, LEADER and REALTIME; None if the library is older than version 254."""
        if not hasattr(self._functions, "sd_session_get_start_time"):
            return None
        leader, since = self._ctypes.c_int(), self._ctypes.c_uint64()  # pid_t; microseconds
        self._functions.sd_session_get_leader(session, self._ctypes.byref(leader))
        self._functions.sd_session_get_start_time(session, self._ctypes.byref(since))
        user = self.text("username", session)
        return {"USER": user, "LEADER": str(leader.value), "REALTIME": str(since.value)}

    def _checked(self, name: str, argument: Any) -> int:  # noqa: ANN401 — a pointer of ctypes
        try:
            result = int(getattr(self._functions, name)(argument))
        except AttributeError as error:
            raise Unusable(str(error)) from error
        if result < 0:
            raise Unusable(f"{name}: {os.strerror(-result)}")
        return result

    def _taken(self, pointer: int | None) -> bytes:
        """The text at a pointer, which is freed."""
        text = self._ctypes.string_at(pointer) if pointer else b""
        self._free(pointer)
        return text


def _load(ctypes_module: Any) -> ctypes.CDLL:  # noqa: ANN401 — a module
    errors = []
    for name in _LIBRARIES:
        try:
            return ctypes_module.CDLL(name)  # type: ignore[no-any-return]
        except OSError as error:
            errors.append(str(error))
    raise Unusable("; ".join(errors))


def _read_session(library: Library, name: bytes) -> Session | None:
    """None if it has ended, or is not a login of a person."""
    facts = library.newer_facts(name)
    if facts is None:
        try:
            facts = parse_session(read_text(f"{_FOLDER}/{name.decode()}", _MAX_FILE_BYTES))
        except (OSError, UnicodeError):  # expected: it ended meanwhile
            return None
    session = as_session(
        {
            "Class": library.text("class", name),
            "State": library.text("state", name),
            "TTY": library.text("tty", name),
            "RemoteHost": library.text("remote_host", name),
            "Name": facts.get("USER", ""),
            "Leader": facts.get("LEADER", ""),
        }
    )
    since = facts.get("REALTIME", "")
    if session is None or not since.isdecimal():
        return session
    return session._replace(since=int(since) // 1_000_000 or None)


def parse_session(text: str) -> dict[str, str]:
    """The members of a file in /run/systemd/sessions, whose format is private.

    Read only for libraries that have no functions for these facts. Those versions are released,
    so the format of their files is final.
    """
    pairs = (line.partition("=") for line in text.splitlines() if not line.startswith("#"))
    return {name: value for name, equals, value in pairs if equals}
