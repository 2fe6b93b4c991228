"""Entries of the audit log about tokens.

An entry holds everything that the database keeps of a token, except its secret. So a database that
lost tokens can be restored from the audit log: see service/maintenance/token_recovery.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service import times
from service.auth.token_format import LETTERS

RULE_TRIED = "rule tried"  # on the past; beside an entry about the token, if there is one
RULE_TAKEN_UP, RULE_REFUSED, RULE_RETIRED = "rule taken up", "rule refused", "rule retired"
ARCHIVE_SEALED = "archive sealed"
EVIDENCE_EXPORTED = "evidence exported"
MESSAGE_AGAIN = "message sent again"  # to a receiver; beside an entry about the token
QUERY_ASKED = "query asked"  # beside an entry about the token that was used, if there is one
MADE, USED, CLOSED, REVOKED = "token made", "token in use", "token closed", "token revoked"

_MAX_LINE = 65_536  # bytes; no entry about a token is longer
_LINE_START = b'{"hora": '
_SEALED = f'"hecho": "{ARCHIVE_SEALED}"'.encode()
_NOT_OF_ACCESS = re.compile(
    rb'\{"hora": "[^"]*",'
    rb' "hecho": "(rule |tag |server |waiver |message |query asked"|archive sealed"'
    rb'|evidence exported")'
)
_MAX_INTEGER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class TokenMade:
    """A token was made. Times in microseconds since 1970, lifetime in microseconds."""

    number: int
    digest: bytes
    scope: str
    created_at: int
    name: str | None = None
    server: str | None = None
    expires_at: int | None = None
    uses: int | None = None
    lifetime: int | None = None
    parent: int | None = None  # the token that this one was given for
    parent_digest: bytes | None = None
    request_digest: bytes | None = None
    counted: bool = False  # it took one of the uses of its parent

    def facts(self) -> dict[str, str | int | None]:
        return {
            "hecho": MADE,
            "token": self.number,
            "digest": self.digest.hex(),
            "scope": self.scope,
            "name": self.name,
            "server": self.server,
            "created": times.to_text(self.created_at),
            "expires": None if self.expires_at is None else times.to_text(self.expires_at),
            "uses": self.uses,
            "lifetime": self.lifetime,
            "parent": self.parent,
            "parent_digest": None if self.parent_digest is None else self.parent_digest.hex(),
            "request_digest": None if self.request_digest is None else self.request_digest.hex(),
            "counted": self.counted,
        }


@dataclass(frozen=True, slots=True)
class TokenChanged:
    """A token was used for the first time (USED), can enrol no further server, or was revoked.

    digest: null in entries of 0.1.0
    """

    event: str
    number: int
    digest: bytes | None
    at: int
    reason: str | None = None  # why it was revoked, where nobody named this very token

    def facts(self) -> dict[str, str | int | None]:
        return {
            "hecho": self.event,
            "token": self.number,
            "digest": None if self.digest is None else self.digest.hex(),
            **({} if self.reason is None else {"reason": self.reason}),
        }


TokenEntry = TokenMade | TokenChanged


def has_entries_of_access(path: Path) -> bool:
    """Whether an entry is about tokens, or about a use of them. Raises OSError."""
    with path.open("rb") as file:
        return any(not _NOT_OF_ACCESS.match(line) for line in file)


def read_token_entries(path: Path) -> Iterator[TokenEntry]:
    """The entries about tokens, in their order; everything else in the file is skipped.

    Nothing is raised for a file that does not exist, nor for torn and foreign lines. An entry about
    a token that 0.1.0 made has no digest, and is skipped as well. Raises OSError.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        whole = True
        while line := file.readline(_MAX_LINE):
            starts, whole = whole, line.endswith(b"\n")
            if starts and whole and (entry := _entry(line)) is not None:
                yield entry


def read_archive_links(path: Path) -> Iterator[tuple[int, str, str]]:
    """The number, the text and the digest of each link of the archive's chain, in their order.

    Torn and foreign lines are skipped, and so is a file that does not exist. Raises OSError.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        for line in file:
            if _SEALED not in line:
                continue
            try:
                entry: Any = json.loads(line[max(line.rfind(_LINE_START), 0) :])
                if entry["hecho"] == ARCHIVE_SEALED:
                    yield int(entry["numero"]), str(entry["texto"]), str(entry["eslabon"])
            except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
                continue


def _entry(line: bytes) -> TokenEntry | None:
    if b'"token ' not in line:
        return None
    # 0.1.0 may have appended an entry to the part that a full disk had left of another one. Within
    # a JSON string, the quotes of this text would be escaped.
    start = max(line.rfind(_LINE_START), 0)
    try:
        found: Any = json.loads(line[start:])
        return _parse(found)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        return None


def _parse(found: Any) -> TokenEntry | None:  # noqa: ANN401 — what JSON holds
    event, number = found["hecho"], _integer(found["token"])
    digest = _digest(found.get("digest"))
    if number is None:
        return None
    if event in {USED, CLOSED, REVOKED}:
        return TokenChanged(event, number, digest, times.parse(found["hora"]))
    if event != MADE or digest is None or found["scope"] not in LETTERS:
        return None
    expires = found["expires"]
    return TokenMade(
        number,
        digest,
        found["scope"],
        times.parse(found["created"]),
        _text(found["name"]),
        _text(found["server"]),
        None if expires is None else times.parse(expires),
        _integer(found["uses"]),
        _integer(found["lifetime"]),
        _integer(found["parent"]),
        _digest(found["parent_digest"]),
        _digest(found["request_digest"]),
        found["counted"] is True,
    )


def _integer(value: object) -> int | None:
    """Raises TypeError."""
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_INTEGER:
        raise TypeError
    return value


def _text(value: object) -> str | None:
    """Raises TypeError, and UnicodeEncodeError (a ValueError) for half of a surrogate pair."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError
    value.encode()
    return value


def _digest(value: object) -> bytes | None:
    """Raises TypeError, ValueError."""
    if value is None:
        return None
    if not isinstance(value, str) or len(value) != 64:
        raise TypeError
    return bytes.fromhex(value)
