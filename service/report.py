"""A report as the service handles it: validated and normalised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

# Tuples, as they go to and come from the database; a report holds hundreds of them. They are what
# tells one from another, so that it is the same one in the next report. What version 1 does not
# say, and what was not known, is null.
Process = tuple[int, str | None, str | None, int | None]  # pid, name, username, started_at
Login = tuple[int | None, str | None, str | None, str | None, int | None]
# pid, username, terminal, origin, since; times in microseconds since 1970, UTC

# What a process is besides: ppid, executable, command_line. Of its first sight it is kept.
Facts = tuple[int | None, str | None, str | None]
UNKNOWN: Facts = (None, None, None)


class Profile(NamedTuple):
    """What a server is, beside what runs on it."""

    ipaddress: str  # canonical text
    arquitectura_proc: str
    marca_proc: str
    nombre_so: str
    version_so: str
    version_esquema: int | None = None  # null for version 1, whose reports do not say it
    nombre_host: str | None = None
    nucleo: str | None = None
    version_agente: str | None = None
    fuente_usuarios: str | None = None
    booted_at: int | None = None  # when process 1 started; microseconds since 1970, UTC


@dataclass(frozen=True, slots=True)
class Report:
    """What one server told of one moment."""

    taken_at: int  # microseconds since 1970, UTC
    profile: Profile
    processes: list[Process]
    logins: list[Login]
    digest: bytes  # tells whether two reports are the very same
    process_facts: Sequence[Facts] = ()  # one for each process, or none where none is known
    id_maquina: str | None = None
    discarded: int | None = None  # reports that the agent had to drop before this one
