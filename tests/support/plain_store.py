"""A plain store: three literal tables, with every row of every report.

Tests compare the three relations with it, and benchmarks compare sizes and speeds.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable

from service import times
from service.report import UNKNOWN_DETAILS, Report

TABLES = """
CREATE TABLE servers (
  id_serv INTEGER PRIMARY KEY,
  ipaddress TEXT, fecha_hora TEXT, arquitectura_proc TEXT, marca_proc TEXT,
  nombre_so TEXT, version_so TEXT, version_esquema INTEGER, id_maquina TEXT, nombre_host TEXT,
  nucleo TEXT, version_agente TEXT, fuente_usuarios TEXT, descartados INTEGER
);
CREATE TABLE procesos (
  id_proc INTEGER PRIMARY KEY,
  id_serv INTEGER REFERENCES servers (id_serv),
  ip_server TEXT, fecha_hora TEXT, pid INTEGER, name TEXT, username TEXT,
  ppid INTEGER, inicio TEXT, ejecutable TEXT, linea_comando TEXT
);
CREATE INDEX procesos_of_server ON procesos (id_serv);
CREATE TABLE usuarios_activos (
  id_usr INTEGER PRIMARY KEY,
  id_serv INTEGER REFERENCES servers (id_serv),
  ip_server TEXT, fecha_hora TEXT, pid INTEGER, username TEXT,
  terminal TEXT, origen TEXT, desde TEXT
);
CREATE INDEX usuarios_activos_of_server ON usuarios_activos (id_serv);
"""

RELATIONS = {
    "servers": "id_serv, ipaddress, fecha_hora, arquitectura_proc, marca_proc, nombre_so,"
    " version_so, version_esquema, id_maquina, nombre_host, nucleo, version_agente,"
    " fuente_usuarios, descartados",
    "procesos": "id_serv, ip_server, fecha_hora, pid, name, username, ppid, inicio, ejecutable,"
    " linea_comando",
    "usuarios_activos": "id_serv, ip_server, fecha_hora, pid, username, terminal, origen, desde",
}


def open_in_memory() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.executescript(TABLES)
    return connection


def insert(connection: sqlite3.Connection, report: Report, id_serv: int | None = None) -> int:
    """Writes a report, row by row. Returns its id_serv."""
    profile, when = report.profile, times.to_text(report.taken_at)
    cursor = connection.execute(
        "INSERT INTO servers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            id_serv,
            profile.ipaddress,
            when,
            profile.arquitectura_proc,
            profile.marca_proc,
            profile.nombre_so,
            profile.version_so,
            profile.version_esquema or 1,
            report.id_maquina,
            profile.nombre_host,
            profile.nucleo,
            profile.version_agente,
            profile.fuente_usuarios,
            report.discarded,
        ),
    )
    assert cursor.lastrowid is not None
    common = (cursor.lastrowid, profile.ipaddress, when)
    details = report.process_details or [UNKNOWN_DETAILS] * len(report.processes)
    processes = [
        (*common, pid, name, username, ppid, _text(started_at), *texts)
        for (pid, name, username, started_at), (ppid, *texts) in zip(
            report.processes, details, strict=True
        )
    ]
    for start in range(0, len(processes), 100):
        some = processes[start : start + 100]
        groups = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"] * len(some))
        connection.execute(
            f"INSERT INTO procesos ({RELATIONS['procesos']}) VALUES {groups}",
            [value for row in some for value in row],
        )
    connection.executemany(
        f"INSERT INTO usuarios_activos ({RELATIONS['usuarios_activos']})"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [(*common, *row, _text(since)) for *row, since in report.logins],
    )
    return cursor.lastrowid


def _text(microseconds: int | None) -> str | None:
    return None if microseconds is None else times.to_text(microseconds)


def rows(
    run: Callable[[str], Iterable[tuple[object, ...]]], relation: str
) -> list[tuple[object, ...]]:
    """All rows of a relation without their own keys, in a definite order. run: executes SQL."""
    columns = RELATIONS[relation]
    return sorted(run(f"SELECT {columns} FROM {relation}"), key=repr)
