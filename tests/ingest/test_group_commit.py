"""Group commit: what threads submit is committed together, and each learns of its own."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

import pytest

from service import times
from service.archive.append import ArchiveWriter
from service.errors import StorageUnavailableError
from service.ingest.group_commit import GroupCommit
from service.ingest.intake import Arrival, Intake
from service.ingest.validation import ReportValidator
from service.report import Process, Profile, Report
from service.store.engines import Database
from service.store.engines import sqlite as sqlite_engine
from service.store.queries import load_queries
from service.store.write.reports import ReportStore, Stored
from tests.support.engine import Engine
from tests.support.live import PATIENCE, wait_until
from tests.support.reports import report

Result = TypeVar("Result")


class Journal:
    """Commits that are written down; hold() makes them wait, so that a group gathers behind."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.inside = 0
        self.most_inside = 0
        self._open = threading.Event()
        self._open.set()

    def hold(self) -> None:
        self._open.clear()

    def release(self) -> None:
        self._open.set()

    def commit(self, items: Sequence[int]) -> Sequence[str]:
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        self.groups.append(list(items))
        assert self._open.wait(PATIENCE)
        try:
            return self.answer(items)
        finally:
            self.inside -= 1

    def answer(self, items: Sequence[int]) -> Sequence[str]:
        return [f"result of {item}" for item in items]


def gathered(
    journal: Journal, commits: GroupCommit[int, str], items: Sequence[int]
) -> list[Future[str]]:
    """Submits -1 and, while its commit is held, all the items in their order."""
    journal.hold()
    first = in_thread(commits.submit, -1)
    wait_until(lambda: journal.inside == 1)
    futures = []
    for number, item in enumerate(items, start=1):
        futures.append(in_thread(commits.submit, item))
        wait_until(lambda number=number: len(commits._waiting) == number)  # type: ignore[misc]
    journal.release()
    assert first.result(PATIENCE) == "result of -1"
    return futures


def in_thread(function: Callable[..., Result], *arguments: object) -> Future[Result]:
    """Calls it in a thread that a test which fails need not wait for."""
    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(function(*arguments))
        except BaseException as error:  # noqa: BLE001 — the test looks at it
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def test_alone_an_item_is_committed_at_once() -> None:
    journal = Journal()
    assert GroupCommit(journal.commit).submit(7) == "result of 7"
    assert journal.groups == [[7]]


def test_what_arrives_during_a_commit_is_committed_together_in_the_order_of_arrival() -> None:
    journal = Journal()
    futures = gathered(journal, GroupCommit(journal.commit), range(20))
    assert [future.result(PATIENCE) for future in futures] == [f"result of {n}" for n in range(20)]
    assert journal.groups == [[-1], list(range(20))]


def test_a_group_has_a_largest_size_and_the_rest_comes_next() -> None:
    journal = Journal()
    futures = gathered(journal, GroupCommit(journal.commit), range(100))
    assert [future.result(PATIENCE) for future in futures] == [f"result of {n}" for n in range(100)]
    assert journal.groups == [[-1], list(range(64)), list(range(64, 100))]


def test_one_bad_item_takes_no_other_with_it() -> None:
    class NoThirteen(Journal):
        def answer(self, items: Sequence[int]) -> Sequence[str]:
            if 13 in items:
                raise ValueError("13 cannot be committed")
            return super().answer(items)

    journal = NoThirteen()
    futures = gathered(journal, GroupCommit(journal.commit), range(10, 17))
    for item, future in zip(range(10, 17), futures, strict=True):
        if item == 13:
            with pytest.raises(ValueError, match="13 cannot"):
                future.result(PATIENCE)
        else:
            assert future.result(PATIENCE) == f"result of {item}"
    assert journal.groups == [[-1], list(range(10, 17)), *([n] for n in range(10, 17))]


def test_a_storage_that_is_unavailable_is_tried_once_for_a_group_and_told_to_all() -> None:
    class Full(Journal):
        def answer(self, items: Sequence[int]) -> Sequence[str]:
            if len(self.groups) == 2:
                raise StorageUnavailableError("full")
            return super().answer(items)

    journal = Full()
    commits = GroupCommit(journal.commit)
    futures = gathered(journal, commits, range(30))
    errors = [future.exception(PATIENCE) for future in futures]
    assert {type(error) for error in errors} == {StorageUnavailableError}
    assert len({id(error) for error in errors}) == 30, "an error is raised by one thread only"
    assert len(journal.groups) == 2
    assert commits.submit(99) == "result of 99", "the next group is not poisoned"


def test_a_failed_group_does_not_poison_the_next() -> None:
    class Moody(Journal):
        def answer(self, items: Sequence[int]) -> Sequence[str]:
            if any(item < 100 for item in items) and items != [-1]:
                raise ValueError("not now")
            return super().answer(items)

    journal = Moody()
    commits = GroupCommit(journal.commit)
    futures = gathered(journal, commits, [*range(64), *range(100, 110)])
    for future in futures[:64]:
        assert isinstance(future.exception(PATIENCE), ValueError)
    assert [f.result(PATIENCE) for f in futures[64:]] == [f"result of {n}" for n in range(100, 110)]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_thread_leaves_the_items_of_others_to_them(
    interruption: type[BaseException],
) -> None:
    class Interrupted(Journal):
        def answer(self, items: Sequence[int]) -> Sequence[str]:
            if len(self.groups) == 2:
                raise interruption
            return super().answer(items)

    journal = Interrupted()
    futures = gathered(journal, GroupCommit(journal.commit), range(8))
    errors = [future.exception(PATIENCE) for future in futures]
    assert [type(error) for error in errors].count(interruption) == 1
    kept = {item for item, error in enumerate(errors) if error is None}
    assert len(kept) == 7
    assert [futures[item].result() for item in sorted(kept)] == [
        f"result of {item}" for item in sorted(kept)
    ]


def test_a_commit_that_miscounts_its_results_leaves_nobody_waiting() -> None:
    class Short(Journal):
        def answer(self, items: Sequence[int]) -> Sequence[str]:
            return super().answer(items)[: 1 if len(items) > 1 else None]

    journal = Short()
    futures = gathered(journal, GroupCommit(journal.commit), range(5))
    for future in futures:
        error = future.exception(PATIENCE)
        assert error is None or isinstance(error, ValueError)


def test_under_load_everybody_gets_their_own_result_and_groups_form() -> None:
    journal = Journal()

    def slow(items: Sequence[int]) -> Sequence[str]:
        time.sleep(0.002)
        return journal.commit(items)

    commits = GroupCommit(slow)
    each = 25

    def client(number: int) -> list[str]:
        return [commits.submit(number * each + at) for at in range(each)]

    futures = [in_thread(client, number) for number in range(40)]
    assert [future.result(PATIENCE) for future in futures] == [
        [f"result of {number * each + at}" for at in range(each)] for number in range(40)
    ]
    submitted = sorted(item for group in journal.groups for item in group)
    assert submitted == list(range(40 * each)), "each item is committed exactly once"
    # 40 who each come again at once make groups of 20 in turn; a queue that lets the one who has
    # just finished in again makes groups of 2 or 3, and some wait a hundred times longer.
    assert len(journal.groups) < 40 * each / 8
    assert journal.most_inside == 1, "one group at a time"
    # Of one thread, who waits for each result, items come in their order.
    order = [item for group in journal.groups for item in group if item < each]
    assert order == sorted(order)


def a_report(number: int) -> Report:
    return Report(
        taken_at=number,
        profile=Profile(f"10.0.0.{number}", "x86_64", "a brand", "Linux", "12"),
        processes=[(1, f"program-{number}", "root", None)],
        logins=[],
        digest=number.to_bytes(16, "big"),
    )


def a_document(number: int) -> bytes:
    process = {"username": "root", "pid": 1, "name": f"program-{number}"}
    return json.dumps(report(ipaddress=f"10.0.0.{number}", procesos=[process])).encode()


def an_intake(database: Database, folder: Path) -> Intake:
    return Intake(
        ReportValidator(),
        ArchiveWriter(folder / "archive"),
        ReportStore(database, load_queries()),
        times.now,
    )


def receive(intake: Intake, raw: bytes) -> Stored:
    return intake.store(intake.read(raw))


def test_all_who_find_the_database_locked_are_told_within_one_wait(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_engine, "_BUSY_TIMEOUT_SECONDS", 0.5)
    database = engine.migrated()
    intake = an_intake(database, tmp_path)
    with engine.write_locked():
        futures = [in_thread(receive, intake, a_document(number)) for number in range(1, 31)]
        errors = [future.exception(PATIENCE) for future in futures]
    assert {type(error) for error in errors} == {StorageUnavailableError}
    waits = {id(error.__cause__) for error in errors if error is not None}
    assert len(waits) < 10, "each group of them has waited once"
    assert receive(intake, a_document(1)).new
    database.close()


def test_a_report_that_the_database_refuses_takes_no_other_of_its_group_with_it(
    engine: Engine, tmp_path: Path
) -> None:
    database = engine.migrated()
    intake = an_intake(database, tmp_path)
    whole = a_report(1)
    refused = Report(2, whole.profile, [("no pid", "x", "y", None)], [], b"2")  # type: ignore[list-item]
    with engine.write_locked():  # meanwhile a group gathers
        bad = in_thread(intake._commits.submit, Arrival(b"{}", refused, None))
        good = [in_thread(receive, intake, a_document(number)) for number in range(3, 13)]
        wait_until(lambda: len(intake._commits._waiting) >= 9)
    assert isinstance(bad.exception(PATIENCE), engine.IntegrityError)
    assert all(future.result(PATIENCE).new for future in good)
    programs = engine.rows(
        "SELECT procesos.name, program.name FROM procesos JOIN servers USING (id_serv)"
        " JOIN program ON program.name = procesos.name ORDER BY procesos.id_serv"
    )
    assert sorted(programs) == sorted((f"program-{n}", f"program-{n}") for n in range(3, 13))
    with database.snapshot() as connection:
        assert database.find_damage(connection) == []
    database.close()


def test_an_id_that_was_rolled_back_is_not_remembered(engine: Engine) -> None:
    database = engine.migrated()
    store = ReportStore(database, load_queries())
    first = a_report(1)
    # Its new program is inserted before the row that is refused, and rolled back with it.
    unfit = [(1, "program-a", "root", None), ("no pid", "program-b", "root", None)]
    spoilt = Report(1, first.profile, unfit, [], b"1")  # type: ignore[arg-type]
    with pytest.raises(engine.IntegrityError):
        store.add(spoilt, 0)
    # The ids that the two had are given to others now.
    other = Report(2, first.profile, [(1, "program-c", "root", None)], [], b"2")
    processes: list[Process] = [(1, "program-a", "root", None), (2, "program-b", "root", None)]
    both = Report(3, first.profile, processes, [], b"3")
    store.add(other, 0)
    id_serv = store.add(both, 0).id_serv
    with database.snapshot() as connection:
        rows = connection.execute(
            "SELECT pid, name FROM procesos WHERE id_serv = ? ORDER BY pid", (id_serv,)
        ).fetchall()
    assert rows == [(1, "program-a"), (2, "program-b")]
    database.close()
