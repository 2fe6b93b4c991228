"""Decides which server a report belongs to.

A report with an id_maquina belongs to the machine with that id, any other report to the machine
with its address. Cloned machines share an id_maquina. Each clone is a server of its own, a sibling
of the others, and is recognised by its other traits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from service.report import Report
from service.times import MINUTE

# Setting the clock moves the boot time that a machine reports.
CLOCK_TOLERANCE = MINUTE


def identity_of(report: Report) -> str:
    """A text that all reports of one server share, and those of its clones."""
    if report.id_maquina is not None:
        return f"id:{report.id_maquina}"
    return f"ip:{report.profile.ipaddress}"


class Traits(NamedTuple):
    """The values of one report that distinguish a machine from its clones."""

    nombre_host: str | None
    ipaddress: str
    booted_at: int | None
    arquitectura_proc: str
    marca_proc: str
    nombre_so: str
    version_so: str
    nucleo: str | None


class Sibling(NamedTuple):
    """A server with the identity of a report, as it was around the moment of that report."""

    server_id: int
    has_the_report: bool
    before: Traits | None  # of its last report up to that moment
    after: Traits | None  # of its first report after that moment


def traits_of(report: Report) -> Traits:
    profile = report.profile
    return Traits(*(getattr(profile, name) for name in Traits._fields))


def choose_sibling(traits: Traits, siblings: Sequence[Sibling]) -> int | None:
    """The id of the server that a report with these traits belongs to; null for a new server.

    The siblings are given in the order of their first contact, which decides between equals.
    """
    for sibling in siblings:
        if sibling.has_the_report:
            return sibling.server_id
    possible = [sibling for sibling in siblings if _is_possible(traits, sibling)]
    if len(possible) > 1:
        return max(possible, key=lambda sibling: _similarity(traits, sibling)).server_id
    return possible[0].server_id if possible else None


def _is_possible(traits: Traits, sibling: Sibling) -> bool:
    """Whether the traits can be those of the sibling.

    One machine may be renamed, moved or rebooted between two reports. It never gets a new name and
    a new address at once, and its boot time never goes back.
    """
    return not _booted_earlier(traits, sibling.before) and any(
        not (_is_renamed(traits, known) and _is_moved(traits, known))
        for known in _known_traits(sibling)
    )


def _known_traits(sibling: Sibling) -> list[Traits]:
    return [traits for traits in (sibling.before, sibling.after) if traits is not None]


def _is_renamed(now: Traits, before: Traits) -> bool:
    known = bool(now.nombre_host and before.nombre_host)
    return known and now.nombre_host != before.nombre_host


def _is_moved(now: Traits, before: Traits) -> bool:
    return now.ipaddress != before.ipaddress


def _booted_earlier(now: Traits | None, before: Traits | None) -> bool:
    """Whether the later of two reports has an earlier boot time, which one machine cannot have."""
    if now is None or before is None or now.booted_at is None or before.booted_at is None:
        return False
    changed = _is_renamed(now, before) or _is_moved(now, before)
    return now.booted_at < before.booted_at - (0 if changed else CLOCK_TOLERANCE)


def _similarity(traits: Traits, sibling: Sibling) -> tuple[object, ...]:
    """Sorts siblings by their similarity to the traits, the strongest criterion first."""
    in_order = not _booted_earlier(sibling.after, traits)
    return in_order, max(_agreement(traits, known) for known in _known_traits(sibling))


def _agreement(one: Traits, other: Traits) -> tuple[bool, bool, bool, int]:
    return (
        one.booted_at is not None and one.booted_at == other.booted_at,
        one.nombre_host == other.nombre_host,
        one.ipaddress == other.ipaddress,
        sum(mine == theirs for mine, theirs in zip(one, other, strict=True)),
    )
