"""Copies of the relations for the guard, which runs rules over them: of one report of a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from service import times
from service.store.engines import Connection
from service.store.engines.image import insert_rows
from service.store.read.tags import Tag, rows_of_tags


def copy_server(  # noqa: PLR0913 — what is copied, and how much of it
    image: Connection,
    queries: Mapping[str, str],
    server_id: int,
    seq: int | None = None,
    *,
    is_silent: bool,
    with_first_sight: bool,
    tags: Sequence[Tag] = (),
    processes: bool = True,
    logins: bool = True,
) -> None:
    """Adds a server to the tables of sql/guard/tables.sql: one of its reports with all its rows.

    seq: the number of the report, which may be a late one; null for the newest. All else is as of
    copy_report().
    """
    copy_report(
        image,
        queries,
        read_server(image, queries, server_id, seq),
        is_silent=is_silent,
        with_first_sight=with_first_sight,
        tags=tags,
        processes=processes,
        logins=logins,
    )


def copy_report(  # noqa: PLR0913 — what is copied, and how much of it
    image: Connection,
    queries: Mapping[str, str],
    found: ServerRow,
    *,
    is_silent: bool,
    with_first_sight: bool,
    tags: Sequence[Tag] = (),
    processes: bool = True,
    logins: bool = True,
) -> None:
    """Adds a report to the tables of sql/guard/tables.sql, with all its rows.

    image: the tables, in a connection that reads the database too (ImageBuilder.filled()).
    with_first_sight: whether a rule reads `visto_desde`, which costs a look-up a row.
    tags: its tags.
    processes, logins: whether its rows of these are copied.
    """
    insert_server(image, found, tags, is_silent=is_silent)
    parameters = {
        "server_id": found.row["servidor"],
        "seq": found.seq,
        "placed_at": found.placed_at,
        "with_first_sight": int(with_first_sight),
    }
    # The rows of the newest report stand together; those of another one at 33 places.
    if processes:
        query = queries["current_processes" if found.is_newest else "processes_of_report"]
        image.execute(f"INSERT INTO main.proceso {query}", parameters)
    if logins:
        query = queries["current_logins" if found.is_newest else "logins_of_report"]
        image.execute(f"INSERT INTO main.usuario {query}", parameters)


class ServerRow(NamedTuple):
    """A report of a server. row: of servidor_vigente, without `estado`."""

    row: dict[str, Any]
    seq: int
    placed_at: int
    is_newest: bool


def insert_server(
    image: Connection, report: ServerRow, tags: Sequence[Tag], *, is_silent: bool
) -> None:
    """Adds the row of a server, and those of its tags."""
    row = report.row | {"estado": state_of(is_silent=is_silent)}
    image.execute(
        f"INSERT INTO main.servidor_vigente ({', '.join(row)})"  # noqa: S608 — names of ours
        f" VALUES ({', '.join(f':{name}' for name in row)})",
        row,
    )
    insert_rows(image, "main.etiqueta", rows_of_tags(tags))


def read_logins(
    connection: Connection, queries: Mapping[str, str], report: ServerRow
) -> list[tuple[Any, ...]]:
    """Who is logged in by a report: rows of the table `usuario`, without `visto_desde`."""
    parameters = {
        "server_id": report.row["servidor"],
        "seq": report.seq,
        "placed_at": report.placed_at,
        "with_first_sight": 0,
    }
    query = queries["current_logins" if report.is_newest else "logins_of_report"]
    return connection.execute(query, parameters).fetchall()


def read_server(
    connection: Connection, queries: Mapping[str, str], server_id: int, seq: int | None
) -> ServerRow:
    """What a report says of its server; seq as in copy_server()."""
    result = connection.execute(queries["current_server"], {"server_id": server_id, "seq": seq})
    row = dict(zip((c[0] for c in result.description or ()), result.fetchone(), strict=True))
    newest, copied, placed_at = row.pop("newest_seq"), row.pop("seq"), row.pop("placed_at")
    for name in ("arranque", "visto_desde"):
        row[name] = None if row[name] is None else times.to_text(row[name])
    return ServerRow(row, copied, placed_at, copied == newest)


def state_of(*, is_silent: bool) -> str:
    """The `estado` of a server."""
    return "silencioso" if is_silent else "al_dia"
