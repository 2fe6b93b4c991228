"""Leaves word of the evaluator that runs, and of how far it has come, as soon as that changes."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from service.policies.evaluator.clock_events import asked_since
from service.policies.evaluator.fleet_ticks import FleetTicks
from service.policies.evaluator.hold import Hold
from service.policies.evaluator.take_up import TakeUp
from service.policies.rules.rule import Clock
from service.store.evaluator_word import EvaluatorWord

_ALIVE_SECONDS = 5.0


class Word:
    """path: the file that the evaluator locks."""

    def __init__(self, path: Path, take_up: TakeUp, hold: Hold, ticks: FleetTicks) -> None:
        self._path, self._take_up, self._hold, self._ticks = path, take_up, hold, ticks
        self._left: EvaluatorWord | None = None
        self._left_at = 0.0  # of time.monotonic()

    def leave(self) -> None:
        rules = self._take_up.judged
        word = EvaluatorWord(
            self._take_up.files,
            self._take_up.epoch,
            self._hold.until,
            asked_since(rules, Clock.HORA),
            asked_since(rules, Clock.DIA),
            self._ticks.next_at,
        )
        now = time.monotonic()
        if word != self._left or now - self._left_at >= _ALIVE_SECONDS:
            with suppress(OSError):  # it is tried again at once
                word.write(self._path)
                self._left, self._left_at = word, now
