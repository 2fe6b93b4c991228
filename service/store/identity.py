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
# So many servers of one identity are told apart: who controls a report could make one with each.
MAX_SIBLINGS = 16


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
    boot_id: str | None
    arquitectura_proc: str
    marca_proc: str
    nombre_so: str
    version_so: str
    nucleo: str | None


class Sibling(NamedTuple):
    """A server with the identity of a report, as its newest report in order describes it."""

    server_id: int
    has_the_report: bool
    newest_at: int  # the place in time of that newest report
    had_the_boot: bool  # some report of it in order has the boot id of the report
    newest: Traits


def traits_of(report: Report) -> Traits:
    profile = report.profile
    return Traits(*(getattr(profile, name) for name in Traits._fields))


def choose_sibling(traits: Traits, taken_at: int, siblings: Sequence[Sibling]) -> int | None:
    """The id of the server that a report with these traits belongs to; null for a new server.

    The siblings are given in the order of their first contact, which decides between equals.
    """
    for sibling in siblings:
        if sibling.has_the_report:
            return sibling.server_id
    possible = [sibling for sibling in siblings if _is_possible(traits, taken_at, sibling)]
    if not possible:
        if len(siblings) < MAX_SIBLINGS:
            return None
        possible = list(siblings)  # the nearest one, whose record is marked id_clonado
    return max(possible, key=lambda sibling: _similarity(traits, sibling)).server_id


def _is_possible(traits: Traits, taken_at: int, sibling: Sibling) -> bool:
    """Whether a report with these traits can be one of the sibling.

    One machine may be renamed, moved or rebooted between two reports. It never gets a new name and
    a new address at once, and no boot of it comes back. An older report may be of an earlier boot.
    """
    newest = sibling.newest
    if _is_renamed(traits, newest) and _is_moved(traits, newest):
        return False
    if taken_at <= sibling.newest_at:
        return True
    if traits.boot_id is None or newest.boot_id is None:
        return not _booted_earlier(traits, newest)
    return traits.boot_id == newest.boot_id or not sibling.had_the_boot


def _is_renamed(now: Traits, before: Traits) -> bool:
    known = bool(now.nombre_host and before.nombre_host)
    return known and now.nombre_host != before.nombre_host


def _is_moved(now: Traits, before: Traits) -> bool:
    return now.ipaddress != before.ipaddress


def _booted_earlier(now: Traits, before: Traits) -> bool:
    """Whether the later of two reports has an earlier boot time, which one machine cannot have."""
    if now.booted_at is None or before.booted_at is None:
        return False
    changed = _is_renamed(now, before) or _is_moved(now, before)
    return now.booted_at < before.booted_at - (0 if changed else CLOCK_TOLERANCE)


def _similarity(traits: Traits, sibling: Sibling) -> tuple[bool, bool, bool, bool, bool, int]:
    """Sorts siblings by their similarity to the traits, the strongest criterion first."""
    newest = sibling.newest
    return (
        traits.boot_id is not None and traits.boot_id == newest.boot_id,
        sibling.had_the_boot,
        traits.booted_at is not None and traits.booted_at == newest.booted_at,
        traits.nombre_host == newest.nombre_host,
        traits.ipaddress == newest.ipaddress,
        sum(mine == theirs for mine, theirs in zip(traits, newest, strict=True)),
    )
