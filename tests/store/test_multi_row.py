"""insert_rows(): any number of rows, with a statement for each hundred."""

from __future__ import annotations

from contextlib import closing

import pytest

from service.store.write.multi_row import change_rows, find_rows, insert_rows, update_rows
from tests.support.engine import Engine

INSERT = "INSERT INTO login_name (id, username) VALUES (:id, :username) RETURNING id, username"


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
def test_all_rows_are_inserted_and_returned(engine: Engine, count: int) -> None:
    rows = [(number, f"user{number}") for number in range(1, count + 1)]
    with closing(engine.migrated()) as database:
        with database.transaction() as connection:
            assert sorted(insert_rows(connection, INSERT, rows)) == rows
        assert engine.rows("SELECT id, username FROM login_name ORDER BY id") == rows


def test_the_values_of_an_update_are_given_in_the_order_of_its_parameters(engine: Engine) -> None:
    with closing(engine.migrated()) as database, database.transaction() as connection:
        insert_rows(connection, INSERT, [(1, "a"), (2, "b"), (3, "c")])
        query = "UPDATE login_name SET username = :username WHERE id = :id"
        update_rows(connection, query, [("x", 1), ("z", 3)])
        found = connection.execute("SELECT username FROM login_name ORDER BY id").fetchall()
    assert found == [("x",), ("b",), ("z",)]


@pytest.mark.parametrize("count", [0, 1, 3, 99, 100, 101, 250])
def test_all_rows_are_found_by_their_keys(engine: Engine, count: int) -> None:
    query = "SELECT id FROM login_name WHERE username IN (VALUES (:username)) AND id < :most"
    with closing(engine.migrated()) as database, database.transaction() as connection:
        insert_rows(connection, INSERT, [(number, f"user{number}") for number in range(1, 251)])
        keys = [(f"user{number}",) for number in range(1, count + 1)]
        assert {row for (row,) in find_rows(connection, query, keys, 5000)} == set(
            range(1, count + 1)
        )
        assert {row for (row,) in find_rows(connection, query, keys, 3)} == set(
            range(1, min(count, 2) + 1)
        )


def test_rows_are_changed_by_their_keys(engine: Engine) -> None:
    query = """
        WITH wanted (id) AS (VALUES (:id))
        UPDATE login_name SET username = :username WHERE id IN (SELECT id FROM wanted)
    """
    with closing(engine.migrated()) as database, database.transaction() as connection:
        insert_rows(connection, INSERT, [(number, "before") for number in range(1, 251)])
        change_rows(connection, query, [(number,) for number in range(1, 151)], "after")
        found = connection.execute("SELECT count(*) FROM login_name WHERE username = 'after'")
        assert found.fetchone() == (150,)
