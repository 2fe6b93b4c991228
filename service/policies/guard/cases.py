"""The cases of a rule, `pruebas`: literal rows, and the verdict that they must give.

A case says what matters, and an ordinary server stands around it: Debian 12 with an agent of
version 2, up to date, pid 1 and kthreadd. Members of a case:

    veredicto    the verdict expected; razon, filas: its reason and number of rows
    procesos, usuarios   rows; what a row leaves out is ordinary
    servidor     columns of servers_vigentes that differ
    etiquetas    { key = "value" }
    sin          facts that the report does not tell, by their names in `requiere`
    ordinario    false: without pid 1 and kthreadd
    pares        other servers of the fleet: members as above, and veces, how many of them
    ahora        :ahora; else the time of the report
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from service import times
from service.policies.guard.verdict import Reason, State
from service.policies.rules.rule import Fact

Choice = TypeVar("Choice", bound=StrEnum)

TAKEN_AT = "2026-01-15 12:00:00.000000"
_STARTED_AT = "2026-01-05 08:00:00.000000"
_MAX_PEERS = 200
_FIRST_PID = 1000
_SLOTS = 1_048_576  # of a server: sql/guard/tables.sql

# In the order of the table's columns.
_SERVER: dict[str, Any] = {
    "servidor": 1,
    "id_serv": 1,
    "ipaddress": "192.0.2.1",
    "fecha_hora": TAKEN_AT,
    "arquitectura_proc": "x86_64",
    "marca_proc": "Intel(R) Xeon(R)",
    "nombre_so": "Debian GNU/Linux",
    "version_so": "12",
    "version_esquema": 2,
    "id_maquina": "1b4e28ba2fa14bd2883f0016d3cca427",
    "nombre_host": "web-1",
    "nucleo": "6.1.0-18-amd64",
    "version_agente": "1.0.0",
    "fuente_usuarios": "logind",
    "descartados": 0,
    "id_clonado": 0,
    "recibido": TAKEN_AT,
    "reloj": None,
    "zona": None,
    "estado": "al_dia",
    "arranque": _STARTED_AT,
    "visto_desde": "2025-06-01 00:00:00.000000",
}
_PROCESS: dict[str, Any] = {
    "pid": None,  # the next one
    "ppid": 1,
    "name": "sshd",
    "username": "root",
    "inicio": _STARTED_AT,
    "ejecutable": None,  # /usr/bin/ and the name
    "linea_comando": None,  # the executable
    "visto_desde": "2025-06-01 00:00:00.000000",
}
_LOGIN: dict[str, Any] = {
    "pid": 900,
    "username": "ana",
    "terminal": "pts/0",
    "origen": None,
    "desde": "2026-01-15 11:00:00.000000",
    "visto_desde": "2025-06-01 00:00:00.000000",
}
_ORDINARY = (
    {"pid": 1, "ppid": 0, "name": "systemd", "ejecutable": "/usr/lib/systemd/systemd"},
    {"pid": 2, "ppid": 0, "name": "kthreadd"},
)
_TIMES = {"inicio", "desde", "visto_desde"}
_OF_SERVER = {"servidor", "procesos", "usuarios", "etiquetas", "sin", "ordinario"}
_OF_CASE = _OF_SERVER | {"veredicto", "razon", "filas", "pares", "ahora"}


class Case(NamedTuple):
    """tables: the rows of an image; the server that is judged has number 1."""

    state: State
    reason: Reason | None
    rows: int | None
    now: str
    tables: Mapping[str, Sequence[Sequence[Any]]]


class CaseError(ValueError):
    """What is wrong with a case."""


def read_case(table: Mapping[str, Any]) -> Case:
    """Raises CaseError."""
    _refuse_others(table, _OF_CASE)
    if "veredicto" not in table:
        raise CaseError("veredicto is missing")
    state = _choice("veredicto", State, table["veredicto"])
    reason = None if "razon" not in table else _choice("razon", Reason, table["razon"])
    rows = table.get("filas")
    if rows is not None and not isinstance(rows, int):
        raise CaseError("filas: expected an integer")
    tables: dict[str, list[Sequence[Any]]] = {
        "servidor_vigente": [],
        "etiqueta": [],
        "proceso": [],
        "usuario": [],
    }
    for number, described in enumerate(_servers(table), 1):
        _add_server(tables, number, described)
    now = table.get("ahora", tables["servidor_vigente"][0][3])
    return Case(state, reason, rows, str(now), tables)


def _servers(table: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The server of the case, then its peers."""
    yield {name: value for name, value in table.items() if name in _OF_SERVER}
    count = 0
    for peer in _list(table, "pares"):
        _refuse_others(peer, _OF_SERVER | {"veces"})
        times_over = peer.get("veces", 1)
        count += times_over if isinstance(times_over, int) else _MAX_PEERS + 1
        if count > _MAX_PEERS:
            raise CaseError(f"pares: expected at most {_MAX_PEERS}")
        for _ in range(times_over):
            yield {name: value for name, value in peer.items() if name != "veces"}


def _add_server(
    tables: dict[str, list[Sequence[Any]]], number: int, described: Mapping[str, Any]
) -> None:
    absent = _facts(described)
    server = _row(_SERVER | {"servidor": number, "id_serv": number}, _dict(described, "servidor"))
    processes = [dict(row) for row in _ORDINARY] if described.get("ordinario", True) else []
    if Fact.NOMBRES in absent:
        processes = [row for row in processes if row["pid"] != 1]
    processes += _list(described, "procesos")
    logins = _list(described, "usuarios")
    _leave_out(absent, server)
    tables["servidor_vigente"].append(tuple(server.values()))
    for key, value in _dict(described, "etiquetas").items():
        tables["etiqueta"].append((number, key, str(value), "2025-06-01 00:00:00.000000"))
    ordinary = len(processes) - len(_list(described, "procesos"))
    for slot, row in enumerate(processes):
        process = _process(row, slot, absent, is_ordinary=slot < ordinary)
        tables["proceso"].append((number * _SLOTS + slot, number, *process.values()))
    for slot, row in enumerate(logins):
        tables["usuario"].append(
            (number * _SLOTS + slot, number, *_microseconds(_row(_LOGIN, row)).values())
        )


def _process(
    given: Mapping[str, Any], slot: int, absent: frozenset[Fact], *, is_ordinary: bool
) -> dict[str, Any]:
    row = _row(_PROCESS, given)
    if row["pid"] is None:
        row["pid"] = _FIRST_PID + slot
    is_kernel_thread = row["ppid"] == 2 or row["pid"] == 2
    if not is_kernel_thread:
        row["ejecutable"] = row["ejecutable"] or f"/usr/bin/{row['name']}"
        row["linea_comando"] = row["linea_comando"] or row["ejecutable"]
    for fact, column in (
        (Fact.USUARIOS_DE_PROCESOS, "username"),
        (Fact.PPID, "ppid"),
        (Fact.EJECUTABLE, "ejecutable"),
        (Fact.LINEA_COMANDO, "linea_comando"),
    ):
        if fact in absent and (is_ordinary or column not in given):
            row[column] = None
    return _microseconds(row)


def _leave_out(absent: frozenset[Fact], server: dict[str, Any]) -> None:
    for fact in (Fact.NUCLEO, Fact.ARRANQUE, Fact.VERSION_AGENTE):
        if fact in absent:
            server[fact] = None
    if Fact.LOGINS in absent:
        server["fuente_usuarios"] = "desconocida"
    if Fact.ORIGEN in absent or Fact.DESDE in absent:
        server["version_esquema"] = 1


def _facts(described: Mapping[str, Any]) -> frozenset[Fact]:
    try:
        return frozenset(map(Fact, described.get("sin", ())))
    except (ValueError, TypeError) as error:
        raise CaseError(f"sin: {error}; expected some of {', '.join(Fact)}") from error


def _row(ordinary: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    _refuse_others(given, set(ordinary))
    return {name: given.get(name, value) for name, value in ordinary.items()}


def _microseconds(row: dict[str, Any]) -> dict[str, Any]:
    try:
        return {
            name: times.parse(value) if name in _TIMES and isinstance(value, str) else value
            for name, value in row.items()
        }
    except ValueError as error:
        raise CaseError(str(error)) from error


def _choice(name: str, kind: type[Choice], value: str) -> Choice:
    try:
        return kind(value)
    except ValueError as error:
        raise CaseError(f"{name}: expected one of {', '.join(kind)}; got {value!r}") from error


def _refuse_others(table: Mapping[str, Any], known: set[str]) -> None:
    for name in sorted(table.keys() - known):
        raise CaseError(f"{name} is nothing here; expected {', '.join(sorted(known))}")


def _list(table: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    value = table.get(name, [])
    if not (isinstance(value, list) and all(isinstance(item, dict) for item in value)):
        raise CaseError(f"{name}: expected a list of tables {{ … }}")
    return value


def _dict(table: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = table.get(name, {})
    if not isinstance(value, dict):
        raise CaseError(f"{name}: expected a table {{ … }}")
    return value
