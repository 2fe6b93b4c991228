"""A question ends in time, and when nobody waits for its answer, in the middle of any query."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from service.errors import AnswerTimeoutError, QuestionAbandonedError
from service.store.engines.question import Question, begin, end
from tests.support.engine import Engine

LONG = """
WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number LIMIT 50000000)
SELECT count(*) FROM number
"""


@contextmanager
def asked(question: Question) -> Iterator[None]:
    token = begin(question)
    try:
        yield
    finally:
        end(token)


def test_a_long_query_is_stopped_in_time(engine: Engine) -> None:
    with closing(engine.migrated()) as database:
        with asked(Question(0.3, lambda: False)):
            with pytest.raises(AnswerTimeoutError), database.snapshot() as connection:
                connection.execute(LONG).fetchone()
            # It stays stopped: no later query of the same question begins.
            with pytest.raises(AnswerTimeoutError), database.snapshot():
                pass
        with asked(Question(60, lambda: False)), database.snapshot() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_query_whose_client_has_left_is_stopped(engine: Engine) -> None:
    started = time.monotonic()

    def has_left() -> bool:
        return time.monotonic() - started > 0.4

    with (
        closing(engine.migrated()) as database,
        asked(Question(60, has_left)),
        pytest.raises(QuestionAbandonedError),
        database.snapshot() as connection,
    ):
        connection.execute(LONG).fetchone()


def test_work_that_is_no_question_is_never_stopped(engine: Engine) -> None:
    with (
        closing(engine.migrated()) as database,
        asked(Question(0, lambda: True)),
        database.transaction() as connection,
    ):
        time.sleep(0.3)
        connection.execute(LONG.replace("LIMIT 50000000", "LIMIT 500000")).fetchone()
