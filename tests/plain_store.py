"""The plainest store that could be right: three literal tables, every row of every report.

It is what the three relations are held equal to, and what the benchmarks compare with.
"""

from __future__ import annotations

import sqlite3

from service import times
from service.report import Report

TABLES = """
CREATE TABLE servers (
  id_serv INTEGER PRIMARY KEY,
  ipaddress TEXT, fecha_hora TEXT, arquitectura_proc TEXT, marca_proc TEXT,
  nombre_so TEXT, version_so TEXT
);
CREATE TABLE procesos (
  id_proc INTEGER PRIMARY KEY,
  id_serv INTEGER REFERENCES servers (id_serv),
  ip_server TEXT, fecha_hora TEXT, pid INTEGER, name TEXT, username TEXT
);
CREATE INDEX procesos_of_server ON procesos (id_serv);
CREATE TABLE usuarios_activos (
  id_usr INTEGER PRIMARY KEY,
  id_serv INTEGER REFERENCES servers (id_serv),
  ip_server TEXT, fecha_hora TEXT, pid INTEGER, username TEXT
);
CREATE INDEX usuarios_activos_of_server ON usuarios_activos (id_serv);
"""

RELATIONS = {
    "servers": "id_serv, ipaddress, fecha_hora, arquitectura_proc, marca_proc, nombre_so,"
    " version_so",
    "procesos": "id_serv, ip_server, fecha_hora, pid, name, username",
    "usuarios_activos": "id_serv, ip_server, fecha_hora, pid, username",
}


def insert(connection: sqlite3.Connection, report: Report, id_serv: int | None = None) -> int:
    """Writes a report as it stands. Returns its id_serv."""
    profile, when = report.profile, times.to_text(report.taken_at)
    cursor = connection.execute(
        "INSERT INTO servers VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            id_serv,
            profile.ipaddress,
            when,
            profile.arquitectura_proc,
            profile.marca_proc,
            profile.nombre_so,
            profile.version_so,
        ),
    )
    assert cursor.lastrowid is not None
    common = (cursor.lastrowid, profile.ipaddress, when)
    processes = [(*common, *row) for row in report.processes]
    for start in range(0, len(processes), 100):
        some = processes[start : start + 100]
        groups = ", ".join(["(?, ?, ?, ?, ?, ?)"] * len(some))
        connection.execute(
            "INSERT INTO procesos (id_serv, ip_server, fecha_hora, pid, name, username)"
            f" VALUES {groups}",
            [value for row in some for value in row],
        )
    connection.executemany(
        "INSERT INTO usuarios_activos (id_serv, ip_server, fecha_hora, pid, username)"
        " VALUES (?, ?, ?, ?, ?)",
        [(*common, *row) for row in report.logins],
    )
    return cursor.lastrowid


def rows(connection: sqlite3.Connection, relation: str) -> list[tuple[object, ...]]:
    """All rows of a relation but their own keys, in a definite order."""
    columns = RELATIONS[relation]
    return sorted(connection.execute(f"SELECT {columns} FROM {relation}"), key=repr)
