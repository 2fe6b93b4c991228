"""A report as the service handles it: validated and normalised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

# Plain tuples, because a report holds hundreds of them and the database takes and returns tuples.
# Two equal tuples in consecutive reports are the same process or login, unless the ticks of both
# processes are known. A value is null where it is unknown, or no member of version 1. Times are
# microseconds since 1970, UTC.
Process = tuple[int, str | None, str | None, int | None]  # pid, name, username, started_at
Login = tuple[int | None, str | None, str | None, str | None, int | None]
# pid, username, terminal, origin, since

# ppid, executable, command_line. The store keeps those of the first report that shows the process.
ProcessDetails = tuple[int | None, str | None, str | None]
UNKNOWN_DETAILS: ProcessDetails = (None, None, None)


class Profile(NamedTuple):
    """The server itself: hardware, system, name and address."""

    ipaddress: str  # canonical text
    arquitectura_proc: str
    marca_proc: str
    nombre_so: str
    version_so: str
    version_esquema: int | None = None  # null for version 1, whose reports do not have it
    nombre_host: str | None = None
    nucleo: str | None = None
    version_agente: str | None = None
    fuente_usuarios: str | None = None
    booted_at: int | None = None  # the start of process 1; microseconds since 1970, UTC
    boot_id: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """One server at one moment."""

    taken_at: int  # microseconds since 1970, UTC
    profile: Profile
    processes: list[Process]
    logins: list[Login]
    digest: bytes  # of the document with 1.0 read as 1; a retry has the same
    process_details: Sequence[ProcessDetails] = ()  # one for each process; empty if none is known
    id_maquina: str | None = None
    discarded: int | None = None  # reports that the agent had to drop before this one
    # The start of each process in clock ticks since the boot boot_id; empty if none is known.
    process_ticks: Sequence[int | None] = ()
    # Of the document with its numbers as they were sent, if that is another. 0.1.0 stored this one.
    spelled_digest: bytes | None = None
    zoned: bool = True  # taken_at was sent with a zone
