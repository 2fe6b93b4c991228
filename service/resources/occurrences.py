"""Columns, times and record references that lists of processes and logins share."""

from __future__ import annotations

from service.store.read.records import ServerRow

WHERE = ("servidor", "id_serv", "ip_server", "nombre_host")
OCCURRENCE_TIMES = frozenset({"fecha_hora", "inicio", "desde", "visto_desde", "visto_hasta"})
HISTORY = ("primera_vez", "ultima_vez", "en_curso")
HISTORY_TIMES = frozenset({"primera_vez", "ultima_vez"})


def record_reference(server: ServerRow) -> dict[str, object]:
    """The members that all rows of one record share."""
    return {
        "id_serv": server.id_serv,
        "ip_server": server.ipaddress,
        "fecha_hora": server.fecha_hora,
    }
