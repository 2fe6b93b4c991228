from __future__ import annotations

import threading

import pytest

from agent.collectors import deadline
from agent.collectors.deadline import NoAnswerError, answer


@pytest.fixture(autouse=True)
def nothing_asked_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "_unanswered", {})


def test_result_and_exception_of_a_read_are_those_of_the_answer() -> None:
    assert answer("a sum", lambda: 1 + 1, 5) == 2
    with pytest.raises(ZeroDivisionError):
        answer("a quotient", lambda: 1 // 0, 5)


def test_read_that_does_not_return_raises_an_error_and_is_not_repeated() -> None:
    returns = threading.Event()
    with pytest.raises(NoAnswerError, match="the disk: no answer within 0 s"):
        answer("the disk", returns.wait, 0.05)
    with pytest.raises(NoAnswerError, match="the disk: no answer since an earlier report"):
        answer("the disk", lambda: pytest.fail("started again"), 5)
    assert answer("another disk", lambda: "there", 5) == "there"
    returns.set()
    deadline._unanswered["the disk"].join(5)
    assert answer("the disk", lambda: "there", 5) == "there"


def test_thread_that_is_left_behind_does_not_keep_the_agent_running() -> None:
    returns = threading.Event()
    with pytest.raises(NoAnswerError):
        answer("the disk", returns.wait, 0)
    assert deadline._unanswered["the disk"].daemon
    returns.set()


def test_read_without_a_thread_to_spare_runs_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refused)
    assert answer("a sum", lambda: 1 + 1, 5) == 2
