"""Decides which server a report speaks of.

A report that carries an id_maquina speaks of the machine with that id, any other of the machine
with its address. Machines that were cloned with their id share it: they are told apart by what
else is known of them, as siblings, each a server of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from service.report import Report

# A clock that is set moves the moment at which a machine says it was started.
_CLOCK_TOLERANCE = 60_000_000  # microseconds


def identity_of(report: Report) -> str:
    """A text that is the same for all reports of one server, and for those of its clones."""
    if report.id_maquina is not None:
        return f"id:{report.id_maquina}"
    return f"ip:{report.profile.ipaddress}"


class Traits(NamedTuple):
    """What may tell a machine from its clone, as one report said it."""

    nombre_host: str | None
    ipaddress: str
    booted_at: int | None
    arquitectura_proc: str
    marca_proc: str
    nombre_so: str
    version_so: str
    nucleo: str | None


class Sibling(NamedTuple):
    """A server that has the identity, as it was around the moment of a report."""

    server_id: int
    has_the_report: bool
    before: Traits | None  # in its last report up to that moment
    after: Traits | None  # in its first report after it


def traits_of(report: Report) -> Traits:
    profile = report.profile
    return Traits(*(getattr(profile, name) for name in Traits._fields))


def choose(traits: Traits, siblings: Sequence[Sibling]) -> int | None:
    """The sibling that a report with these traits speaks of; null for one that is not there yet.

    The siblings stand in the order of their first contact, which decides where nothing else does.
    """
    for sibling in siblings:
        if sibling.has_the_report:
            return sibling.server_id
    fitting = [sibling for sibling in siblings if _fits(traits, sibling)]
    if len(fitting) > 1:
        return max(fitting, key=lambda sibling: _likeness(traits, sibling)).server_id
    return fitting[0].server_id if fitting else None


def _fits(traits: Traits, sibling: Sibling) -> bool:
    """Whether one machine can have been both: it is renamed, moves, or is started anew, but does
    not get a new name and address at once, and was never started earlier than it once said.
    """
    return not _started_earlier(traits, sibling.before) and any(
        not (_is_renamed(traits, seen) and _has_moved(traits, seen)) for seen in _seen(sibling)
    )


def _seen(sibling: Sibling) -> list[Traits]:
    return [traits for traits in (sibling.before, sibling.after) if traits is not None]


def _is_renamed(now: Traits, before: Traits) -> bool:
    known = bool(now.nombre_host and before.nombre_host)
    return known and now.nombre_host != before.nombre_host


def _has_moved(now: Traits, before: Traits) -> bool:
    return now.ipaddress != before.ipaddress


def _started_earlier(now: Traits | None, before: Traits | None) -> bool:
    """Whether the later of two reports says an earlier start of the machine, which none can."""
    if now is None or before is None or now.booted_at is None or before.booted_at is None:
        return False
    changed = _is_renamed(now, before) or _has_moved(now, before)
    return now.booted_at < before.booted_at - (0 if changed else _CLOCK_TOLERANCE)


def _likeness(traits: Traits, sibling: Sibling) -> tuple[object, ...]:
    """Rises with what speaks for a sibling, the strongest first."""
    in_order = not _started_earlier(sibling.after, traits)
    return in_order, max(_agreement(traits, seen) for seen in _seen(sibling))


def _agreement(one: Traits, other: Traits) -> tuple[bool, bool, bool, int]:
    return (
        one.booted_at is not None and one.booted_at == other.booted_at,
        one.nombre_host == other.nombre_host,
        one.ipaddress == other.ipaddress,
        sum(mine == its for mine, its in zip(one, other, strict=True)),
    )
