"""Which server a report speaks of, as plainly as it can be written.

The rules are those of schemas/README.md, "Which server?". It shares no code with the service.
READING marks a place where the text has more than one reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

# > "If name and address are the same, one minute of clock adjustment is tolerated."
GRANTED = 60_000_000


class Machine(NamedTuple):
    """What a report says of its machine; None is what it does not say."""

    nombre_host: str | None = None
    ipaddress: str | None = None
    booted_at: int | None = None  # `inicio` of process 1, microseconds since 1970, UTC
    boot_id: str | None = None


class Known(NamedTuple):
    """What is known of a sibling when a report arrives."""

    newest: Machine  # of its newest record in order
    place: int = -1  # of that record in time
    boots: frozenset[str] = frozenset()  # the boot ids of its records in order


def sibling_of(machine: Machine, siblings: Mapping[int, Known], t: int = 0) -> int:
    """The sibling that a report of time t speaks of: one of those given, or the next number.

    > "Each report is compared with the newest report in order of every server with that id."
    """
    possible = [number for number, known in siblings.items() if not _is_another(machine, t, known)]
    # > "If none remains, the report starts a new server."
    if not possible:
        return max(siblings, default=-1) + 1
    # READING: of siblings that agree equally, the lowest number.
    return min(possible, key=lambda number: (_disagreement(machine, siblings[number]), number))


def _is_another(machine: Machine, t: int, known: Known) -> bool:
    """Whether a report does not speak of the server of which this is known."""
    its = known.newest
    # > "if both `nombre_host` and `ipaddress` differ". READING: what is not said is not another.
    another_name = _differ(machine.nombre_host, its.nombre_host)
    another_address = _differ(machine.ipaddress, its.ipaddress)
    if another_name and another_address:
        return True
    # The other two rules are for reports that are "newer". READING: a report of the same time is
    # not.
    if t <= known.place:
        return False
    # > "if `id_arranque` is that of an earlier boot of the server"
    if machine.boot_id is not None and its.boot_id is not None:
        return machine.boot_id != its.boot_id and machine.boot_id in known.boots
    # > "if one of the two has no `id_arranque`, […] and its boot time is earlier"
    if machine.booted_at is None or its.booted_at is None:
        return False
    same = not another_name and not another_address
    return its.booted_at > machine.booted_at + (GRANTED if same else 0)


def _differ(one: str | None, other: str | None) -> bool:
    return bool(one) and bool(other) and one != other


def _disagreement(machine: Machine, known: Known) -> tuple[bool, bool, bool, bool, bool]:
    """ "the same `id_arranque`, then one that had it before, then the one with the same boot time,
    the same name, the same address" """
    its = known.newest
    return (
        machine.boot_id is None or machine.boot_id != its.boot_id,
        machine.boot_id not in known.boots,
        machine.booted_at is None or machine.booted_at != its.booted_at,
        machine.nombre_host != its.nombre_host,
        machine.ipaddress != its.ipaddress,
    )
