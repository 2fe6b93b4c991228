"""An answer that takes too long becomes a 503, and work stops for a client that has left."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import falcon
import falcon.testing
import pytest

from service.http.abandonment import AbandonmentMiddleware
from service.http.problems import add_error_handlers
from service.store.engines import Database, open_database
from service.store.engines.question import current

LONG = """
WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number LIMIT 50000000)
SELECT count(*) FROM number
"""


class NoPages:
    def is_asked_for(self, _req: falcon.Request) -> bool:
        return False

    def show_error(self, req: falcon.Request, resp: falcon.Response, error: Exception) -> None: ...


class Patient:
    answer_seconds = 60.0

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        time.sleep(0.4)
        question = current()
        assert question is not None
        resp.text = str(question.stops())


class Endless:
    def __init__(self, database: Database) -> None:
        self._database = database

    def on_get(self, _req: falcon.Request, _resp: falcon.Response) -> None:
        with self._database.snapshot() as connection:
            connection.execute(LONG).fetchone()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(open_database(tmp_path / "compliance.db")) as database:
        database.migrate()
        yield database


def client_of(database: Database, seconds: float) -> falcon.testing.TestClient:
    app = falcon.App(middleware=[AbandonmentMiddleware(seconds)])
    add_error_handlers(app, NoPages())
    app.add_route("/endless", Endless(database))
    app.add_route("/patient", Patient())
    return falcon.testing.TestClient(app)


def test_an_answer_that_takes_too_long_is_a_503_that_says_what_to_do(database: Database) -> None:
    here, there = socket.socketpair()
    with here, there:
        answer = client_of(database, 0.3).simulate_get("/endless", extras={"gunicorn.socket": here})
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json["type"] == "urn:compliance-continuo:problems:answer-timeout"
    assert answer.json["detail"] == "the answer takes more than 0.3 s: ask for less"


def test_the_work_for_a_client_that_has_left_stops(database: Database) -> None:
    here, there = socket.socketpair()
    there.close()
    started = time.monotonic()
    with here:
        answer = client_of(database, 600).simulate_get("/endless", extras={"gunicorn.socket": here})
    assert answer.status_code == 503
    assert time.monotonic() - started < 300, "stopped by its end only"


def test_an_answer_of_any_length_may_take_longer(database: Database) -> None:
    here, there = socket.socketpair()
    with here, there:
        client = client_of(database, 0.3)
        answer = client.simulate_get("/patient", extras={"gunicorn.socket": here})
    assert answer.text == "False"
    there.close()
    assert current() is None
