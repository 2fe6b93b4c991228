"""Rows of the queue of messages: what the sender reads and writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass(slots=True)
class ReceiverState:
    """What is known of a receiver. notice_id: the last one that was looked at for it.

    wants: what it listens to. digest_due: a message was given up. failures: in a row. place: its
    host, null while the file does not name it. restored_at: when the database was found to be older
    than what the receiver was told; null once it was told what is open.
    """

    name: str
    notice_id: int
    wants: str = "{}"
    digest_due: int = 0
    failures: int = 0
    paused_until: int = 0
    error: str | None = None
    error_at: int | None = None
    sent_at: int | None = None
    kind: str | None = None
    place: str | None = None
    restored_at: int | None = None
    beat_at: int | None = None
    reminded_at: int | None = None


class Notice(NamedTuple):
    """A transition, without what was so."""

    id: int
    digest: bytes
    kind: str
    violation_digest: bytes
    case_digest: bytes
    subject: bytes
    rule: str
    severity: str
    at: int
    due_at: int


class Document(NamedTuple):
    """A transition, with what was so."""

    id: int
    kind: str
    violation: str
    case: str
    rule: str
    severity: str
    at: int
    facts: Mapping[str, Any]


class Due(NamedTuple):
    """A message that is to be tried. body: null before its first try.

    again_of: the digest of the message that it repeats.
    """

    id: int
    digest: bytes
    kind: str
    notice_id: int | None
    subject: bytes | None
    case_digest: bytes | None
    made_at: int
    body: str | None
    attempts: int
    again_of: bytes | None


class Written(NamedTuple):
    """A message as it is tried. title: null if it was tried before."""

    kind: str
    title: str | None
    body: str


class OpenViolation(NamedTuple):
    """What is open, as a digest says it. key, motives: null where its rule reads command lines."""

    digest: bytes
    case_digest: bytes
    kind: str
    key: str
    server_id: int
    identity: str
    sibling: int
    ipaddress: str
    nombre_host: str | None
    rule: str
    severity: str
    is_reserved: bool
    opened_in_at: int
    motive_es: str | None
    motive_en: str | None


class Told(NamedTuple):
    """What a receiver was told of a case. state: abierta, inestable, cerrada; or exenta."""

    receiver: str
    case_digest: bytes
    subject: bytes
    state: str
    at: int
