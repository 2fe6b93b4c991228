"""The guard's copies show what the three relations say of a report of each server."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from service.policies.guard.workspace import Workspace
from service.policies.rules.places import TABLES_SCRIPT
from service.report import Login, Process, Profile, Report
from service.store.engines import Connection
from service.store.engines.image import ImageBuilder
from service.store.queries import load_queries
from service.store.read.current import copy_server
from service.times import HOUR, to_text
from tests.support.stores import Stores, stores

WEB = Profile(
    "10.0.0.1", "x86_64", "Intel", "Linux", "12", 2, "web-1", "6.1", "0.1", "logind", 1_000_000
)


def report(hour: int, *names: str, machine: str = "m1") -> Report:
    processes: list[Process] = [
        (100 + n, name, "root", hour * HOUR) for n, name in enumerate(names)
    ]
    details = [(1, f"/bin/{name}", f"{name} -x") for name in names]
    logins: list[Login] = [(829, "juan", "pts/0", "10.9.9.9", 2_500_000)]
    digest = repr((hour, names)).encode()
    return Report(hour * HOUR, WEB, processes, logins, digest, details, machine)


@pytest.fixture
def filled() -> Iterator[Stores]:
    with stores() as made:
        made.add(report(1, "init", "gone"))
        made.add(report(2, "init", "nginx", "nginx"))
        made.add(report(2, "other", machine="m2"))
        made.add(replace(report(1, "late"), digest=b"late"))
        yield made


def image(
    made: Stores, *, with_first_sight: bool = False, seqs: tuple[int | None, ...] = (None, None)
) -> bytes:
    """Of server 1, which is heard, and of 2, which is silent: the reports with these numbers."""
    script = TABLES_SCRIPT.read_text(encoding="utf-8")
    with ImageBuilder(script, made.path) as builder:
        with builder.filled() as connection:
            for (server, is_silent), seq in zip(((1, False), (2, True)), seqs, strict=False):
                copy_server(
                    connection,
                    load_queries(),
                    server,
                    seq,
                    is_silent=is_silent,
                    with_first_sight=with_first_sight,
                )
        return builder.image()


def rows(connection: Connection, query: str) -> list[tuple[object, ...]]:
    return sorted(connection.execute(query).fetchall(), key=repr)


RELATIONS = ["servers", "procesos", "usuarios_activos"]


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    with closing(Workspace()) as workspace:
        yield workspace


def assert_copied(
    workspace: Workspace, made: Stores, copied: bytes, relation: str, records: str
) -> None:
    """The image shows these records of the relation, each with all its rows."""
    workspace.open(copied)
    workspace.show(None)
    name = {"usuarios_activos": "usuarios"}.get(relation, relation) + "_vigentes"
    with closing(sqlite3.connect(made.path)) as database:
        columns = [row[1] for row in database.execute(f"PRAGMA table_info({relation})")]
        listed = ", ".join(columns)
        there = rows(database, f"SELECT {listed} FROM {relation} WHERE id_serv IN ({records})")
        with workspace.sandbox.trusted() as connection:
            assert rows(connection, f"SELECT {listed} FROM {name}") == there
    assert there


@pytest.mark.parametrize("relation", RELATIONS)
def test_copies_equal_the_relations(filled: Stores, workspace: Workspace, relation: str) -> None:
    newest = "SELECT max(id) FROM report WHERE seq > 0 GROUP BY server_id"
    assert_copied(workspace, filled, image(filled), relation, newest)


@pytest.mark.parametrize("relation", RELATIONS)
@pytest.mark.parametrize("seq", [1, 2, -1])
def test_copies_of_older_and_late_reports_equal_the_relations(
    filled: Stores, workspace: Workspace, relation: str, seq: int
) -> None:
    record = f"SELECT id FROM report WHERE server_id = 1 AND seq = {seq}"
    assert_copied(workspace, filled, image(filled, seqs=(seq,)), relation, record)


def test_a_late_report_shows_no_name_as_seen_after_it(filled: Stores, workspace: Workspace) -> None:
    query = "SELECT name, visto_desde FROM procesos_vigentes"
    filled.add(replace(report(0, "nginx", "never"), digest=b"earlier"))
    workspace.open(image(filled, with_first_sight=True, seqs=(-2,)))
    workspace.show(None)
    with workspace.sandbox.trusted() as connection:
        assert rows(connection, query) == [("never", to_text(0)), ("nginx", to_text(0))]
        assert rows(connection, "SELECT visto_desde FROM servers_vigentes") == [(to_text(0),)]


def test_first_sights_are_copied_where_they_are_asked_for(
    filled: Stores, workspace: Workspace
) -> None:
    query = "SELECT servidor, name, visto_desde FROM procesos_vigentes"
    workspace.open(image(filled, with_first_sight=True))
    workspace.show(None)
    with workspace.sandbox.trusted() as connection:
        assert rows(connection, query) == [
            (1, "init", to_text(HOUR)),
            (1, "nginx", to_text(2 * HOUR)),
            (1, "nginx", to_text(2 * HOUR)),
            (2, "other", to_text(2 * HOUR)),
        ]


def test_the_views_show_one_server_or_all(filled: Stores, workspace: Workspace) -> None:
    query = "SELECT servidor, estado FROM servers_vigentes"
    workspace.open(image(filled))
    shown = []
    for server in (1, 2, None):
        workspace.show(server)
        with workspace.sandbox.trusted() as connection:
            shown.append(rows(connection, query))
    assert shown == [[(1, "al_dia")], [(2, "silencioso")], [(1, "al_dia"), (2, "silencioso")]]


def test_an_image_is_of_one_moment(tmp_path: Path) -> None:
    path = tmp_path / "source.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as source:
        source.execute("PRAGMA journal_mode = WAL")
        source.execute("CREATE TABLE fact (value)")
        source.execute("INSERT INTO fact VALUES (1)")
        with ImageBuilder("CREATE TABLE copied (value)", path) as builder:
            with builder.filled() as connection:
                connection.execute("INSERT INTO copied SELECT value FROM fact")
                source.execute("INSERT INTO fact VALUES (2)")
                connection.execute("INSERT INTO copied SELECT value FROM fact")
            with builder.filled() as connection:
                assert connection.execute("SELECT count(*) FROM copied").fetchall() == [(0,)]
                connection.execute("INSERT INTO copied SELECT value FROM fact")
                assert connection.execute("SELECT count(*) FROM copied").fetchall() == [(2,)]
