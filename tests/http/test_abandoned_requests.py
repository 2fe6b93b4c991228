"""A client that closes its connection ends the work on its question, in a real gunicorn."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.errors import AnswerTimeoutError, QuestionAbandonedError, QuestionStoppedError
from tests.support.live import PATIENCE, LiveService, wait_until

pytestmark = pytest.mark.torture

QUESTION = "/usuario?username=nobody"
TAKES_TOO_LONG = AnswerTimeoutError(5.0)  # of a question that somebody waits for
# A relation that this page asks, and whose rows never end.
ENDLESS = (
    "ALTER TABLE account RENAME TO kept_account",
    """
    CREATE VIEW account (id, username, terminal, origin) AS
    WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number)
    SELECT n, 'somebody', NULL, NULL FROM number
    """,
)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    live = LiveService(tmp_path_factory.mktemp("abandoned") / "var", COMPLIANCE_WORKERS="1")
    try:
        live.start()
        for statement in ENDLESS:
            live.execute(statement)
        yield live
    finally:
        live.stop()


def processor_seconds(live: LiveService) -> float:
    """What the worker has spent so far: proc(5) gives it for each thread, in nanoseconds."""
    (worker,) = live.worker_pids()
    threads = Path(f"/proc/{worker}/task").glob("*/schedstat")
    return sum(int(path.read_text(encoding="ascii").split()[0]) for path in threads) / 1e9


def ask(live: LiveService) -> socket.socket:
    """A connection on which the question is under way: it has cost something already."""
    before = processor_seconds(live)
    client = socket.create_connection(("127.0.0.1", live.port), PATIENCE)
    client.sendall(f"GET {QUESTION} HTTP/1.1\r\nHost: 127.0.0.1:{live.port}\r\n\r\n".encode())
    wait_until(lambda: processor_seconds(live) - before > 0.2)
    return client


def stopped(live: LiveService, error: QuestionStoppedError) -> int:
    """How many questions the log says were stopped for this reason."""
    return live.log.count(f"stopped: {error}")


def test_a_question_goes_on_to_its_end_for_a_client_that_waits(live: LiveService) -> None:
    with ask(live) as client:
        answer = client.recv(65536)
    assert answer.startswith(b"HTTP/1.1 503 "), answer
    assert stopped(live, TAKES_TOO_LONG) == 1
    assert stopped(live, QuestionAbandonedError()) == 0


@pytest.mark.parametrize("clients", [1, 8])
def test_work_stops_before_its_end_when_clients_close_their_connections(
    live: LiveService, clients: int
) -> None:
    ended, left = stopped(live, TAKES_TOO_LONG), stopped(live, QuestionAbandonedError())
    for _ in range(clients):
        ask(live).close()
    wait_until(lambda: stopped(live, QuestionAbandonedError()) == left + clients)
    assert stopped(live, TAKES_TOO_LONG) == ended
    wait_until(lambda: is_idle(live))


def is_idle(live: LiveService) -> bool:
    before = processor_seconds(live)
    time.sleep(0.3)
    return processor_seconds(live) - before < 0.05
