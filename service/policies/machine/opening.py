"""A violation at its first yes: its identity and its evidence."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from service.policies.guard.evidence import Finding
from service.policies.machine.events import Server, Terms
from service.store.verdict_rows import Bound, Violation
from service.times import SECOND

OWN = "clave"  # a violation of one key
REST = "resto"  # "and n more"
UNSTABLE = "inestable"

MOST_OPEN = 100  # of a rule on a server; the rest is one

_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def key_text(terms: Terms, finding: Finding) -> str:
    """The values of `clave` in one spelling: a JSON object."""
    return _json(dict(zip(terms.key, finding.key, strict=True)))


def violation_digest(server: Server, terms: Terms, kind: str, key: str, opening: str) -> bytes:
    """The identity of a violation: the same whenever the same reports are judged again."""
    parts = [
        terms.rule, terms.text_hash, server.identity, server.sibling, kind, key, opening,
    ]  # fmt: skip
    return hashlib.sha256(_json(parts).encode()).digest()


class Opening(NamedTuple):
    """digest: of the report or the event that opens the violation, in hex."""

    kind: str
    key: str
    digest: str
    after: Bound | None
    first: Bound


def new_violation(server: Server, terms: Terms, finding: Finding, opening: Opening) -> Violation:
    """A violation as it is at its first yes."""
    kind, key, opened_by, after, first = opening
    digest = violation_digest(server, terms, kind, key, opened_by)
    grace_until = server.first_at + terms.grace_for_new * SECOND
    return Violation(
        digest,
        server.id,
        terms.text_id,
        kind,
        key,
        after,
        first,
        case=digest,
        case_since_at=first.at,
        grace_until_at=grace_until if first.at < grace_until else None,
        total=finding.rows,
        evidence=_json(list(finding.evidence)),
        motive_es=finding.motives.get("es"),
        motive_en=finding.motives.get("en"),
    )


def _json(value: Mapping[str, object] | Sequence[object]) -> str:
    return _COMPACT.encode(value)
