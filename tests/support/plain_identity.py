"""Which server a report speaks of, as plainly as it can be written.

The rules are those of schemas/README.md ("Which server is it?"), with the one line that DESIGN.md,
"Time and trust", changes: "Identity compares with N, and equal boot ids win." It shares no code
with the service. READING marks a place where the text has more than one reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

# > "where name and address are the same, a minute is granted to clocks that are set"
GRANTED = 60_000_000


class Machine(NamedTuple):
    """What a report says of its machine; None is what it does not say."""

    nombre_host: str | None = None
    ipaddress: str | None = None
    booted_at: int | None = None  # `inicio` of process 1, microseconds since 1970, UTC
    boot_id: str | None = None


def sibling_of(machine: Machine, newest: Mapping[int, Machine]) -> int:
    """The sibling that a report speaks of: one of those given, or the next number.

    `newest` holds, by sibling, the machine of its newest record in order (N): "Identity compares
    with N".
    """
    # > "equal boot ids win". READING: over everything, also where name and address are both others.
    same_boot = [
        sibling
        for sibling, its in newest.items()
        if machine.boot_id is not None and its.boot_id == machine.boot_id
    ]
    possible = same_boot or [
        sibling for sibling, its in newest.items() if not _is_another(machine, its)
    ]
    # > "If it can be none of them, it is a new server."
    if not possible:
        return max(newest, default=-1) + 1
    # READING: of siblings that agree equally, the lowest number.
    return min(possible, key=lambda sibling: (_disagreement(machine, newest[sibling]), sibling))


def _is_another(machine: Machine, its: Machine) -> bool:
    """Whether a report does not speak of the server whose newest record says `its`."""
    # > "whose nombre_host and ipaddress are both others". READING: what is not said is not another.
    another_name = _differ(machine.nombre_host, its.nombre_host)
    another_address = _differ(machine.ipaddress, its.ipaddress)
    if another_name and another_address:
        return True
    # > "or that … was started later (`inicio` of process 1) than this one says"
    if machine.booted_at is None or its.booted_at is None:
        return False
    same = machine.nombre_host == its.nombre_host and machine.ipaddress == its.ipaddress
    return its.booted_at > machine.booted_at + (GRANTED if same else 0)


def _differ(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one != other


def _disagreement(machine: Machine, its: Machine) -> tuple[bool, bool, bool]:
    """ "the one that agrees in the start of process 1, else in the name, the address"."""
    return (
        machine.booted_at is None or machine.booted_at != its.booted_at,
        machine.nombre_host != its.nombre_host,
        machine.ipaddress != its.ipaddress,
    )
