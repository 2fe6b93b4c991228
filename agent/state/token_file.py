"""The file with the token that the API issued to this machine; only its owner can read it.

The file is in the state folder and holds one JSON object: the token, the machine it was issued
to, and the start and end of its validity in seconds since 1970 by the clock of this machine.
During an enrolment, a second file holds the key that all its attempts have in common.
"""

# ruff: noqa: PTH118
from __future__ import annotations

import contextlib
import json
import os
import re
import stat
from typing import TYPE_CHECKING, Any, NamedTuple

from agent.state import held_files
from agent.state.atomic_write import private_folder, sync_folder, write_file
from agent.state.file_lock import locked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAME = "token"
KEY_NAME = "enrolment-key"
_MAX_BYTES = 4096
_LOCK_SECONDS = 10.0
_RENEW_AFTER = 2 / 3  # of its life
_KEY = re.compile(rb"[0-9a-f]{32}")


class TokenFileError(Exception):
    """The token file is unsafe or invalid; the message names the remedy."""


class IssuedToken(NamedTuple):
    token: str
    id_maquina: str
    since: float
    until: float | None

    def is_due_for_renewal(self, now: float) -> bool:
        if self.until is None:
            return False
        if now < self.since:  # the clock was ahead when the token was issued, or is behind now
            return True
        return now >= self.since + (self.until - self.since) * _RENEW_AFTER


class TokenFile:
    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.path = os.path.join(folder, NAME)

    def read(self) -> IssuedToken | None:
        """The token; None if there is no file. Raises TokenFileError."""
        # O_NONBLOCK: a named pipe does not block the agent.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
        try:
            descriptor = held_files.open_descriptor(self.path, flags)
        except OSError as error:
            if not os.path.lexists(self.path):  # or its folder cannot be entered
                return None
            raise TokenFileError(f"{self.path}: {error.strerror}; remove it") from error
        try:
            self._check(os.fstat(descriptor))
            content = os.read(descriptor, _MAX_BYTES)
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
            raise TokenFileError(f"{self.path}: it contains no token; remove it") from error

    @contextlib.contextmanager
    def exclusive_write(self) -> Iterator[Callable[[IssuedToken], None]]:
        """Hold the lock of the file; yields the function that writes a token.

        Disk space is reserved at once, so that a full disk is noticed before the API issues a
        token. Raises OSError; BlockingIOError if another agent keeps holding the lock.
        """
        private_folder(self._folder)
        with locked(os.path.join(self._folder, NAME + ".lock"), _LOCK_SECONDS):
            new = os.path.join(self._folder, NAME + ".new")
            _unlink(new)  # left by a killed agent
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            try:
                with os.fdopen(os.open(new, flags, 0o600), "wb", buffering=0) as file:
                    _write(file.fileno(), b" " * _MAX_BYTES)

                    def write(token: IssuedToken) -> None:
                        content = json.dumps(token._asdict()).encode() + b"\n"
                        file.seek(0)
                        _write(file.fileno(), content)
                        file.truncate()
                        os.fsync(file.fileno())
                        file.close()  # Windows cannot rename an open file
                        held_files.replace(new, self.path)
                        with contextlib.suppress(OSError):  # it is of no use any more
                            held_files.unlink(os.path.join(self._folder, KEY_NAME))
                        sync_folder(self._folder)

                    yield write
            finally:
                _unlink(new)

    def enrolment_key(self) -> str:
        """The key of this enrolment: that of an attempt before, or a new one, which is on disk.

        Call within exclusive_write(). Raises OSError.
        """
        path = os.path.join(self._folder, KEY_NAME)
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
        try:
            descriptor = held_files.open_descriptor(path, flags)
            try:
                self._check(os.fstat(descriptor))
                content = os.read(descriptor, _MAX_BYTES)
            finally:
                os.close(descriptor)
        except (OSError, TokenFileError):  # missing, or one that others may know
            content = b""
        if not _KEY.fullmatch(content):
            content = os.urandom(16).hex().encode()
            write_file(self._folder, KEY_NAME, content)
        return content.decode()

    def _check(self, facts: os.stat_result) -> None:
        if not stat.S_ISREG(facts.st_mode):
            raise TokenFileError(f"{self.path}: it is not a regular file; remove it")
        if not hasattr(os, "geteuid"):  # Windows: the profile is private to its user
            return
        if facts.st_uid != os.geteuid():
            raise TokenFileError(
                f"{self.path}: it belongs to another user ({facts.st_uid}); find out"
                " who put it there, and remove it"
            )
        if facts.st_mode & 0o077:
            raise TokenFileError(
                f"{self.path}: others may read it (mode {stat.S_IMODE(facts.st_mode):04o}); if"
                " they have, revoke the token at the API and remove the file, else chmod 600"
            )


def _write(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.fsync(descriptor)


def _unlink(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        held_files.unlink(path)
