"""A report as the service handles it: validated and normalised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

# Tuples, as they go to and come from the database; a report holds hundreds of them.
Process = tuple[int, str | None, str | None]  # pid, name, username
Login = tuple[int | None, str | None]  # pid, username


class Profile(NamedTuple):
    """What a server is, beside what runs on it."""

    ipaddress: str  # canonical text
    arquitectura_proc: str
    marca_proc: str
    nombre_so: str
    version_so: str


@dataclass(frozen=True, slots=True)
class Report:
    """What one server told of one moment."""

    taken_at: int  # microseconds since 1970, UTC
    profile: Profile
    processes: list[Process]
    logins: list[Login]
    digest: bytes  # tells whether two reports are the very same
