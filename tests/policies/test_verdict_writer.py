"""Verdicts are stored at the priority of the service, however low that of the evaluator is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

from service.policies.evaluator.verdict_writer import VerdictWriter
from service.store.engines import open_database
from service.store.queries import load_queries
from service.store.write.server_events import ServerEventStore
from service.store.write.verdicts import VerdictStore


@contextmanager
def open_writer(folder: Path) -> Iterator[VerdictWriter]:
    with closing(open_database(folder / "compliance.db")) as database:
        store = VerdictStore(load_queries())
        with closing(VerdictWriter(database, store, ServerEventStore(load_queries()))) as writer:
            yield writer


def priority() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)


def test_the_writer_keeps_the_priority_of_the_beginning(tmp_path: Path) -> None:
    def in_a_thread() -> tuple[int, int, int]:
        before = priority()
        with open_writer(tmp_path) as writer:
            os.nice(5)
            return before, priority(), writer.call(priority)

    before, lowered, of_writer = ThreadPoolExecutor(1).submit(in_a_thread).result()
    assert of_writer == before
    assert lowered == min(before + 5, 19)
