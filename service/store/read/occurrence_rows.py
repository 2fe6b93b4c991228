"""The rows of answers about processes and logins over the whole fleet."""

from __future__ import annotations

from typing import NamedTuple


class ProcessOccurrence(NamedTuple):
    """A process in a record."""

    server_id: int
    id_serv: int  # the record that shows it
    ip_server: str
    nombre_host: str | None
    taken_at: int  # when that record was taken
    id_proc: int
    pid: int
    name: str | None
    username: str | None
    ppid: int | None
    started_at: int | None
    ejecutable: str | None
    linea_comando: str | None
    seen_from: int  # the place in time of the first record that shows it
    seen_until: int  # that of the last one that was known
    received_at: int  # when the record arrived
    clock: str | None  # adelantado or atrasado; null for a right clock
    zone: int | None  # minutes, of a server that sends its local time
    heard_at: int | None  # as ServerState has it
    silent: bool
    open: bool
    has_late: bool


class LoginOccurrence(NamedTuple):
    """A login in a record."""

    server_id: int
    id_serv: int
    ip_server: str
    nombre_host: str | None
    taken_at: int
    id_usr: int
    pid: int | None
    username: str | None
    terminal: str | None
    origen: str | None
    since: int | None
    seen_from: int
    seen_until: int
    received_at: int
    clock: str | None
    zone: int | None
    heard_at: int | None
    silent: bool
    open: bool
    has_late: bool


class ProcessHistory(NamedTuple):
    """The name of a process that a server has ever shown."""

    server_id: int
    id_serv: int  # the newest record of the server, whether or not it shows the name
    ip_server: str
    nombre_host: str | None
    name: str | None
    username: str | None
    first_at: int  # the place in time of the first record that shows the name
    last_at: int  # that of the last one
    running: bool  # the newest record shows it, and the server is neither silent nor retired
    heard_at: int
    silent: bool
    retired: bool = False


class LoginHistory(NamedTuple):
    """A user whose login a server has ever shown."""

    server_id: int
    id_serv: int
    ip_server: str
    nombre_host: str | None
    username: str | None
    first_at: int
    last_at: int
    running: bool
    heard_at: int
    silent: bool
    retired: bool = False
