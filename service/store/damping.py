"""Which openings of one thing are told: not those of one that opens again and again."""

from __future__ import annotations

from enum import StrEnum

from service.times import DAY

_UNSTABLE_FROM = 3  # openings within a day


class Told(StrEnum):
    """How an opening is told. CALLADA: not at all."""

    ABIERTA = "abierta"
    INESTABLE = "inestable"
    CALLADA = "callada"


class Damping:
    """Takes the openings of one thing in the order of time.

    The third one within a day is told as unstable, and then none is, until a day has passed without
    a transition.
    """

    def __init__(self) -> None:
        self._openings: list[int] = []
        self._quiet_until: int | None = None

    def take(self, at: int, ended_at: int | None) -> Told:
        """How an opening is told. at, ended_at: microseconds; null while it is open."""
        last = max(at, ended_at or 0)
        if self._quiet_until is not None:
            if at < self._quiet_until:
                self._quiet_until = last + DAY
                return Told.CALLADA
            self._openings.clear()
            self._quiet_until = None
        self._openings = [other for other in self._openings if other > at - DAY] + [at]
        if len(self._openings) < _UNSTABLE_FROM:
            return Told.ABIERTA
        self._quiet_until = last + DAY
        return Told.INESTABLE
