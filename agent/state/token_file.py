"""The agent's own token, in a file that nobody else can read.

It stands in the state folder as one JSON object: the token, the machine that it speaks for, and
since and until when it is good, in seconds since 1970 by the clock of this machine.
"""

# ruff: noqa: PTH105, PTH108, PTH118
from __future__ import annotations

import contextlib
import json
import os
import stat
from typing import TYPE_CHECKING, Any, NamedTuple

from agent.state.atomic_write import private_folder, sync_folder
from agent.state.file_lock import locked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAME = "token"
_LARGEST_BYTES = 4096
_LOCK_SECONDS = 10.0
_RENEW_AFTER = 2 / 3  # of its life


class Unusable(Exception):  # noqa: N818 — what is wrong with the file, and what to do
    """The file is not one to trust a secret to, or holds none."""


class IssuedToken(NamedTuple):
    token: str
    id_maquina: str
    since: float
    until: float | None

    def is_to_be_renewed(self, now: float) -> bool:
        if self.until is None:
            return False
        return now >= self.since + (self.until - self.since) * _RENEW_AFTER


class TokenFile:
    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.path = os.path.join(folder, NAME)

    def read(self) -> IssuedToken | None:
        """None where there is none. Raises Unusable."""
        # O_NONBLOCK: a named pipe does not stop the agent.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
        try:
            descriptor = os.open(self.path, flags | getattr(os, "O_BINARY", 0))
        except OSError as error:
            if not os.path.lexists(self.path):  # or in a folder that cannot even be entered
                return None
            raise Unusable(f"{self.path}: {error.strerror}; remove it") from error
        try:
            self._check(os.fstat(descriptor))
            content = os.read(descriptor, _LARGEST_BYTES)
        finally:
            os.close(descriptor)
        try:
            found: Any = json.loads(content)
            until = found["until"]
            return IssuedToken(
                str(found["token"]),
                str(found["id_maquina"]),
                float(found["since"]),
                None if until is None else float(until),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise Unusable(f"{self.path}: it holds no token; remove it") from error

    @contextlib.contextmanager
    def changing(self) -> Iterator[Callable[[IssuedToken], None]]:
        """Be the only agent that changes it; gives the function that writes.

        Its room on the disk is taken at once, so that a full one shows before the API is asked
        for a token. Raises OSError; BlockingIOError when another agent goes on changing it.
        """
        private_folder(self._folder)
        with locked(os.path.join(self._folder, NAME + ".lock"), _LOCK_SECONDS):
            new = os.path.join(self._folder, NAME + ".new")
            _unlink(new)  # of an agent that was killed
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            try:
                with os.fdopen(os.open(new, flags, 0o600), "wb", buffering=0) as file:
                    _write(file.fileno(), b" " * _LARGEST_BYTES)

                    def keep(own: IssuedToken) -> None:
                        content = json.dumps(own._asdict()).encode() + b"\n"
                        file.seek(0)
                        _write(file.fileno(), content)
                        file.truncate()
                        os.fsync(file.fileno())
                        file.close()  # Windows renames no file that is open
                        os.replace(new, self.path)
                        sync_folder(self._folder)

                    yield keep
            finally:
                _unlink(new)

    def _check(self, facts: os.stat_result) -> None:
        if not stat.S_ISREG(facts.st_mode):
            raise Unusable(f"{self.path}: it is no file; remove it")
        if not hasattr(os, "geteuid"):  # Windows: the profile of the user is its own
            return
        if facts.st_uid != os.geteuid():
            raise Unusable(
                f"{self.path}: it belongs to another user ({facts.st_uid}); remove it, and"
                " whoever put it there"
            )
        if facts.st_mode & 0o077:
            raise Unusable(
                f"{self.path}: others may read it (mode {stat.S_IMODE(facts.st_mode):04o}); if"
                " somebody has, revoke the token at the API and remove the file, else chmod 600"
            )


def _write(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.fsync(descriptor)


def _unlink(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
