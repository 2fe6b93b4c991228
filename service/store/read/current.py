"""Copies of the current relations for the guard, which runs rules over them."""

from __future__ import annotations

from collections.abc import Mapping

from service.store.engines import Connection


def copy_server(
    image: Connection,
    queries: Mapping[str, str],
    server_id: int,
    *,
    is_silent: bool,
    with_first_sight: bool,
) -> None:
    """Adds a server to the tables of sql/guard/tables.sql: its newest report and all its rows.

    image: the tables, in a connection that reads the database too (ImageBuilder.filled()).
    with_first_sight: whether a rule reads `visto_desde`, which costs a look-up a row.
    """
    image.execute(
        f"INSERT INTO main.servidor_vigente {queries['current_server']}",
        {"server_id": server_id, "state": "silencioso" if is_silent else "al_dia"},
    )
    parameters = {"server_id": server_id, "with_first_sight": with_first_sight}
    image.execute(f"INSERT INTO main.proceso {queries['current_processes']}", parameters)
    image.execute(f"INSERT INTO main.usuario {queries['current_logins']}", parameters)
