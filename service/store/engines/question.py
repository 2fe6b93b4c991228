"""The question that a thread answers: how long it may take, and whether anybody waits for it.

A reading connection asks now and then while it works, whatever the query is, and stops.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token

from service.errors import AnswerTimeoutError, QuestionAbandonedError, QuestionStoppedError

_LOOKS_SECONDS = 0.25  # between two looks at whether anybody waits


class Question:
    """A question with an end. Used by one thread."""

    def __init__(
        self,
        seconds: float,
        is_abandoned: Callable[[], bool] = lambda: False,
        whole: Question | None = None,
    ) -> None:
        """seconds: that it may take. is_abandoned: whether nobody waits for the answer.

        whole: the question that this is a part of.
        """
        self._seconds = seconds
        self._is_abandoned = is_abandoned
        self._whole = whole
        now = time.monotonic()
        self._ends = now + seconds
        self._looks = now + min(seconds, _LOOKS_SECONDS)
        self.stopped: QuestionStoppedError | None = None

    def stops(self) -> bool:
        """Whether the work on it ends now; `stopped` says why."""
        now = time.monotonic()
        if now >= self._looks and self.stopped is None:
            self._looks = now + _LOOKS_SECONDS
            if self._whole is not None and self._whole.stops():
                self.stopped = self._whole.stopped
            elif now >= self._ends:
                self.stopped = AnswerTimeoutError(self._seconds)
            elif self._is_abandoned():
                self.stopped = QuestionAbandonedError()
        return self.stopped is not None


_CURRENT: ContextVar[Question | None] = ContextVar("question", default=None)


def current() -> Question | None:
    """The question of this thread; null for work that has no end, such as a command's."""
    return _CURRENT.get()


def begin(question: Question) -> Token[Question | None]:
    """The question of this thread from now on; the token is for end()."""
    return _CURRENT.set(question)


def end(token: Token[Question | None]) -> None:
    _CURRENT.reset(token)


class PartTimeoutError(Exception):
    """A part of an answer takes longer than it may; the rest may go on."""


@contextmanager
def part(seconds: float) -> Iterator[None]:
    """A part of the question of this thread, which may take so long. Raises PartTimeoutError."""
    whole = current()
    ours = Question(seconds, whole=whole)
    token = begin(ours)
    try:
        yield
    except QuestionStoppedError as error:
        if whole is not None and whole.stopped is not None:
            raise
        raise PartTimeoutError from error
    finally:
        end(token)
