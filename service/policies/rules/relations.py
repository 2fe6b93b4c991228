"""What rules may name: relations, columns and functions."""

from __future__ import annotations

from collections.abc import Collection

from service.policies.rules.rule import Fact
from service.store.engines.authorizer import Allowed

_PROCESSES = frozenset({"procesos_vigentes", "procesos_listados", "processes"})
_LOGINS = frozenset({"usuarios_vigentes", "usuarios_remotos", "logged_in_users"})

RELATIONS = (
    frozenset(
        {
            "servers_vigentes",
            "etiquetas",
            "listas",
            "redes",
            "fin_de_vida",
            "soporte_vigente",
            "os_version",
            "system_info",
        }
    )
    | _PROCESSES
    | _LOGINS
)
HIDDEN = frozenset(
    {
        "servidor_vigente",
        "etiqueta",
        "proceso",
        "usuario",
        "elegido",
        "coincidencia",
        "con_kthreadd",
        "nombre_de_hilo",
        "fila_de_proceso",
    }
)

# From https://www.sqlite.org/lang_corefunc.html and related pages. Left out: functions that read
# the clock, files or the state of the connection, are random, or have results without a bound.
_SCALAR = """
  abs ceil ceiling coalesce floor glob ifnull iif instr length like likely lower ltrim max min mod
  nullif replace round rtrim sign substr substring trim typeof unicode unlikely upper
"""
_OF_TIMES = "date time datetime julianday strftime unixepoch"  # they know no now
_AGGREGATE = "avg count group_concat sum total"
_WINDOW = """
  cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number
"""
_OURS = "en_red hora_local compara_version estado_soporte"
_FUNCTIONS = frozenset(f"{_SCALAR} {_OF_TIMES} {_AGGREGATE} {_WINDOW} {_OURS}".split())

ALLOWED = Allowed(
    relations=RELATIONS,
    hidden=HIDDEN,
    functions=_FUNCTIONS,
    functions_of_views=frozenset({"time_text", "covers_version"}),
)

Reads = Collection[tuple[str, str]]  # (relation, column), as Sandbox.describe() tells them

# The columns of processes and logins that come from their server under another name.
_SERVER_COLUMN = {"id_proc": "id_serv", "id_usr": "id_serv", "ip_server": "ipaddress"}
_WITHOUT_SERVER = {"etiquetas", "listas", "redes", "fin_de_vida"}

_FACT_OF_COLUMN = {
    "username": Fact.USUARIOS_DE_PROCESOS,
    "ppid": Fact.PPID,
    "parent": Fact.PPID,
    "ejecutable": Fact.EJECUTABLE,
    "path": Fact.EJECUTABLE,
    "linea_comando": Fact.LINEA_COMANDO,
    "cmdline": Fact.LINEA_COMANDO,
}


def is_of_processes(relation: str) -> bool:
    return relation in _PROCESSES


def reads_processes(reads: Reads) -> bool:
    return any(is_of_processes(relation) for relation, _ in reads)


def reads_logins(reads: Reads) -> bool:
    return any(relation in _LOGINS for relation, _ in reads)


def reads_all_processes(reads: Reads) -> bool:
    """Whether more than the processes with a name of a list is read."""
    return any(relation in _PROCESSES - {"procesos_listados"} for relation, _ in reads)


def server_columns(reads: Reads) -> frozenset[str] | None:
    """The columns of servidor_vigente on which these reads depend; null where that may be all."""
    found: set[str] = set()
    for relation, column in reads:
        if relation == "servers_vigentes":
            found.add(column)
        elif relation == "soporte_vigente":
            found |= {"nombre_so", "version_so"}
        elif relation in _PROCESSES | _LOGINS:
            found.add(_SERVER_COLUMN.get(column, column))
        elif relation not in _WITHOUT_SERVER:
            return None
    return frozenset(found)


def reads_command_lines(reads: Reads) -> bool:
    return Fact.LINEA_COMANDO in facts_read(reads)


def facts_read(reads: Reads) -> frozenset[Fact]:
    """The facts of processes and logins without which these columns say nothing."""
    found: set[Fact] = set()
    for relation, column in reads:
        if relation in _PROCESSES:
            found.add(Fact.NOMBRES)
            if column in _FACT_OF_COLUMN:
                found.add(_FACT_OF_COLUMN[column])
        elif relation in _LOGINS:
            found.add(Fact.LOGINS)
    return frozenset(found)
