"""Entries of the audit log about waivers, from which a database that lost them is restored.

A waiver is known by when it was told: no two have the same time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from service import times
from service.auth.overlay_entries import Entry, filled, integer, read_entries, text_or_none

TOLD, REVOKED = "waiver told", "waiver revoked"
WITHDRAWN, REVOCATION_WITHDRAWN = "waiver withdrawn", "waiver revocation withdrawn"


@dataclass(frozen=True, slots=True)
class WaiverTold:
    """A waiver. One of identity, tag and network is given. Times in microseconds."""

    number: int
    rule: str
    identity: str | None
    sibling: int | None
    tag_key: str | None
    tag_value: str | None
    network: str | None
    key: str | None  # JSON
    reason: str
    at: int
    until_at: int
    is_withdrawn: bool = False  # it was not stored

    def facts(self) -> dict[str, str | int | None]:
        return {
            "hecho": WITHDRAWN if self.is_withdrawn else TOLD,
            "numero": self.number,
            "politica": self.rule,
            "servidor": self.identity,
            "hermano": self.sibling,
            "etiqueta": self.tag_key,
            "valor": self.tag_value,
            "red": self.network,
            "clave": self.key,
            "motivo": self.reason,
            "dicha": times.to_text(self.at),
            "hasta": times.to_text(self.until_at),
        }


@dataclass(frozen=True, slots=True)
class WaiverRevoked:
    """A waiver was revoked. at: when it had been told."""

    number: int
    at: int
    revoked_at: int
    is_withdrawn: bool = False

    def facts(self) -> dict[str, str | int | None]:
        return {
            "hecho": REVOCATION_WITHDRAWN if self.is_withdrawn else REVOKED,
            "numero": self.number,
            "dicha": times.to_text(self.at),
            "revocada": times.to_text(self.revoked_at),
        }


Change = WaiverTold | WaiverRevoked


def read_waiver_entries(path: Path) -> list[Entry[Change]]:
    """Reads the entries about waivers in order, but withdrawn ones, as read_entries()."""
    return read_entries(path, b'"waiver ', _parse)


def _parse(found: Any) -> Change:  # noqa: ANN401 — what JSON holds
    """Raises ValueError, KeyError or TypeError unless the line is an entry about a waiver."""
    event = found["hecho"]
    number, at = integer(found["numero"]), times.parse(found["dicha"])
    if event in {REVOKED, REVOCATION_WITHDRAWN}:
        revoked_at = times.parse(found["revocada"])
        return WaiverRevoked(number, at, revoked_at, event == REVOCATION_WITHDRAWN)
    if event not in {TOLD, WITHDRAWN}:
        raise ValueError(event)
    identity = text_or_none(found["servidor"])
    told = WaiverTold(
        number,
        filled(found["politica"]),
        identity,
        None if identity is None else integer(found["hermano"]),
        text_or_none(found["etiqueta"]),
        text_or_none(found["valor"]),
        text_or_none(found["red"]),
        text_or_none(found["clave"]),
        filled(found["motivo"]),
        at,
        times.parse(found["hasta"]),
        event == WITHDRAWN,
    )
    _check(told)
    return told


def _check(told: WaiverTold) -> None:
    """Raises ValueError for what no waiver is: one such row would break each answer about them."""
    targets = (told.identity, told.tag_key and told.tag_value, told.network)
    if sum(target is not None for target in targets) != 1:
        raise ValueError
    if told.network is not None:
        ip_network(told.network)
    if told.key is not None and not isinstance(json.loads(told.key), dict):
        raise ValueError
