"""Group commit: items of several threads share a commit, and each thread gets its result."""

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


class RecordedCommits:
    """Records each commit; hold() blocks it, so that a group gathers behind it."""

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
    recorded: RecordedCommits, commits: GroupCommit[int, str], items: Sequence[int]
) -> list[Future[str]]:
    """Submits -1 and, while its commit is held, all the items in their order."""
    recorded.hold()
    first = in_thread(commits.submit, -1)
    wait_until(lambda: recorded.inside == 1)
    futures = []
    for number, item in enumerate(items, start=1):
        futures.append(in_thread(commits.submit, item))
        wait_until(lambda number=number: len(commits._waiting) == number)  # type: ignore[misc]
    recorded.release()
    assert first.result(PATIENCE) == "result of -1"
    return futures


def test_a_single_item_is_committed_at_once() -> None:
    recorded = RecordedCommits()
    assert GroupCommit(recorded.commit).submit(7) == "result of 7"
    assert recorded.groups == [[7]]


def test_items_that_arrive_during_a_commit_are_committed_together_in_order() -> None:
    recorded = RecordedCommits()
    futures = gathered(recorded, GroupCommit(recorded.commit), range(20))
    assert [future.result(PATIENCE) for future in futures] == [f"result of {n}" for n in range(20)]
    assert recorded.groups == [[-1], list(range(20))]


def test_a_group_has_a_maximum_size() -> None:
    recorded = RecordedCommits()
    futures = gathered(recorded, GroupCommit(recorded.commit), range(100))
    assert [future.result(PATIENCE) for future in futures] == [f"result of {n}" for n in range(100)]
    assert recorded.groups == [[-1], list(range(64)), list(range(64, 100))]


def test_a_group_of_several_items_is_light() -> None:
    recorded = RecordedCommits()
    commits = GroupCommit(recorded.commit, lambda item: 1000 * (item >= 0))
    futures = gathered(recorded, commits, range(7))
    assert [future.result(PATIENCE) for future in futures] == [f"result of {n}" for n in range(7)]
    assert recorded.groups == [[-1], [0, 1, 2], [3, 4, 5], [6]]


def test_light_items_come_before_a_heavy_one_that_arrived_a_little_earlier() -> None:
    recorded = RecordedCommits()
    heavy = 10**9  # a million seconds
    commits = GroupCommit(recorded.commit, lambda item: heavy if item == 5 else 0)
    futures = gathered(recorded, commits, [5, 1, 2])
    assert [future.result(PATIENCE) for future in futures] == [f"result of {n}" for n in (5, 1, 2)]
    assert recorded.groups == [[-1], [1, 2], [5]]


def test_a_bad_item_fails_alone() -> None:
    class NoThirteen(RecordedCommits):
        def answer(self, items: Sequence[int]) -> Sequence[str]:
            if 13 in items:
                raise ValueError("13 cannot be committed")
            return super().answer(items)

    recorded = NoThirteen()
    futures = gathered(recorded, GroupCommit(recorded.commit), range(10, 17))
    for item, future in zip(range(10, 17), futures, strict=True):
        if item == 13:
            with pytest.raises(ValueError, match="13 cannot"):
                future.result(PATIENCE)
        else:
            assert future.result(PATIENCE) == f"result of {item}"
    assert recorded.groups == [[-1], list(range(10, 17)), *([n] for n in range(10, 17))]


def test_unavailable_storage_fails_the_group_after_one_attempt() -> None:
    class Full(RecordedCommits):
        def answer(self, items: Sequence[int]) -> Sequence[str]:
            if len(self.groups) == 2:
                raise StorageUnavailableError("full")
            return super().answer(items)

    recorded = Full()
    commits = GroupCommit(recorded.commit)
    futures = gathered(recorded, commits, range(30))
    errors = [future.exception(PATIENCE) for future in futures]
    assert {type(error) for error in errors} == {StorageUnavailableError}
    assert len({id(error) for error in errors}) == 30, "an error is raised by one thread only"
    assert len(recorded.groups) == 2
    assert commits.submit(99) == "result of 99", "the next group is not poisoned"


def test_a_failed_group_leaves_the_next_one_unaffected() -> None:
    class Moody(RecordedCommits):
        def answer(self, items: Sequence[int]) -> Sequence[str]:
            if any(item < 100 for item in items) and items != [-1]:
                raise ValueError("not now")
            return super().answer(items)

    recorded = Moody()
    commits = GroupCommit(recorded.commit)
    futures = gathered(recorded, commits, [*range(64), *range(100, 110)])
    for future in futures[:64]:
        assert isinstance(future.exception(PATIENCE), ValueError)
    assert [f.result(PATIENCE) for f in futures[64:]] == [f"result of {n}" for n in range(100, 110)]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_leader_hands_over_to_the_other_threads(
    interruption: type[BaseException],
) -> None:
    class Interrupted(RecordedCommits):
        def answer(self, items: Sequence[int]) -> Sequence[str]:
            if len(self.groups) == 2:
                raise interruption
            return super().answer(items)

    recorded = Interrupted()
    futures = gathered(recorded, GroupCommit(recorded.commit), range(8))
    errors = [future.exception(PATIENCE) for future in futures]
    assert [type(error) for error in errors].count(interruption) == 1
    committed = {item for item, error in enumerate(errors) if error is None}
    assert len(committed) == 7
    assert [futures[item].result() for item in sorted(committed)] == [
        f"result of {item}" for item in sorted(committed)
    ]


def test_a_commit_with_missing_results_leaves_no_thread_waiting() -> None:
    class Short(RecordedCommits):
        def answer(self, items: Sequence[int]) -> Sequence[str]:
            return super().answer(items)[: 1 if len(items) > 1 else None]

    recorded = Short()
    futures = gathered(recorded, GroupCommit(recorded.commit), range(5))
    for future in futures:
        error = future.exception(PATIENCE)
        assert error is None or isinstance(error, ValueError)


def test_under_load_each_thread_gets_its_own_result_and_groups_form() -> None:
    recorded = RecordedCommits()

    def slow(items: Sequence[int]) -> Sequence[str]:
        time.sleep(0.002)
        return recorded.commit(items)

    commits = GroupCommit(slow)
    each = 25

    def client(number: int) -> list[str]:
        return [commits.submit(number * each + at) for at in range(each)]

    futures = [in_thread(client, number) for number in range(40)]
    assert [future.result(PATIENCE) for future in futures] == [
        [f"result of {number * each + at}" for at in range(each)] for number in range(40)
    ]
    submitted = sorted(item for group in recorded.groups for item in group)
    assert submitted == list(range(40 * each)), "each item is committed exactly once"
    # 40 threads that return at once form groups of 20 in turn. A queue that prefers the thread
    # that has just finished forms groups of 2 or 3, and some threads wait a hundred times longer.
    assert len(recorded.groups) < 40 * each / 8
    assert recorded.most_inside == 1, "one group at a time"
    # A thread waits for each result, so its items come in their order.
    order = [item for group in recorded.groups for item in group if item < each]
    assert order == sorted(order)
