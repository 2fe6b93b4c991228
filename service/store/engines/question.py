"""The question that a thread answers: how long it may take, and whether anybody waits for it.

A reading connection asks now and then while it works, whatever the query is, and stops.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar, Token

from service.errors import AnswerTimeoutError, QuestionAbandonedError, QuestionStoppedError

_LOOKS_SECONDS = 0.25  # between two looks at whether anybody waits


class Question:
    """A question with an end. Used by one thread."""

    def __init__(self, seconds: float, is_abandoned: Callable[[], bool]) -> None:
        """seconds: that it may take. is_abandoned: whether nobody waits for the answer."""
        self._seconds = seconds
        self._is_abandoned = is_abandoned
        now = time.monotonic()
        self._ends, self._looks = now + seconds, now + _LOOKS_SECONDS
        self.stopped: QuestionStoppedError | None = None

    def stops(self) -> bool:
        """Whether the work on it ends now; `stopped` says why."""
        now = time.monotonic()
        if now >= self._looks and self.stopped is None:
            self._looks = now + _LOOKS_SECONDS
            if now >= self._ends:
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
