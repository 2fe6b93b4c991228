"""Group commit: what threads submit is committed together, and each learns of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future

import pytest

from service.errors import StorageUnavailableError
from service.ingest.group_commit import GroupCommit
from tests.support.live import PATIENCE, wait_until
from tests.support.threads import in_thread


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
