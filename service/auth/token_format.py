"""Tokens: secrets that allow to report or to read.

    ccsi_ + 30 random characters + 6 of a checksum, all of 0-9, A-Z, a-z

The letter before the underscore says the scope, and the checksum (CRC-32 of all before it) lets a
scanner that finds one in a public place tell it from a text that only looks like one.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
LETTERS = {"ingest": "i", "lectura": "l", "admin": "a", "inscripcion": "e", "novedades": "n"}

# The scopes that a route accepts.
PUBLIC: frozenset[str] = frozenset()  # no token is asked for
READERS = frozenset({"lectura", "admin"})
IN_ADDRESS = "novedades"  # the one scope whose tokens an address may hold
FEED_READERS = READERS | {IN_ADDRESS}
REPORTERS = frozenset({"ingest", "admin"})
ENROLLERS = frozenset({"inscripcion", "ingest"})
ADMINISTRATORS = frozenset({"admin"})

COOKIE = "sesion"  # keeps a reader's token

_RANDOM = 30  # characters, of 178 bits
_CHECKSUM = 6
_TOKEN = re.compile(rf"ccs[{''.join(LETTERS.values())}]_[0-9A-Za-z]{{{_RANDOM + _CHECKSUM}}}")


def make(scope: str) -> str:
    head = f"ccs{LETTERS[scope]}_" + "".join(secrets.choice(ALPHABET) for _ in range(_RANDOM))
    return head + _checksum(head)


def is_well_formed(text: str) -> bool:
    """Whether the text has the form and the checksum of a token."""
    return bool(_TOKEN.fullmatch(text)) and _checksum(text[:-_CHECKSUM]) == text[-_CHECKSUM:]


def masked(text: str) -> str:
    """The text without the secrets of tokens that it may hold."""
    return _TOKEN.sub(lambda found: found[0][:5] + "***", text)


def digest_of(token: str) -> bytes:
    """The stored digest of a token. One round is enough for 178 random bits."""
    return hashlib.sha256(token.encode()).digest()


def _checksum(head: str) -> str:
    number, digits = zlib.crc32(head.encode()), ""
    for _ in range(_CHECKSUM):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits
