"""Copies of the current relations for the guard, which runs rules over them."""

from __future__ import annotations

from collections.abc import Mapping

from service import times
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
    result = image.execute(queries["current_server"], {"server_id": server_id})
    row = dict(zip((c[0] for c in result.description or ()), result.fetchone(), strict=True))
    for name in ("arranque", "visto_desde"):
        row[name] = None if row[name] is None else times.to_text(row[name])
    row["estado"] = "silencioso" if is_silent else "al_dia"
    image.execute(
        f"INSERT INTO main.servidor_vigente ({', '.join(row)})"  # noqa: S608 — names of ours
        f" VALUES ({', '.join(f':{name}' for name in row)})",
        row,
    )
    parameters = {"server_id": server_id, "with_first_sight": int(with_first_sight)}
    image.execute(f"INSERT INTO main.proceso {queries['current_processes']}", parameters)
    image.execute(f"INSERT INTO main.usuario {queries['current_logins']}", parameters)
