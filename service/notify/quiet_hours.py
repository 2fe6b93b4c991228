"""Quiet hours: by the clock of a zone, whatever that clock does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from service.times import to_microseconds


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From one time of the day until another, which may be of the next day.

    spares_critical: what is critical is told at once.
    """

    since: time
    until: time
    zone: ZoneInfo
    spares_critical: bool = True

    def end(self, at: int) -> int:
        """When a moment's quiet hours end; the moment itself where none are. Microseconds.

        An hour that a clock repeats is quiet twice; an end that it skips comes as much later.
        """
        moment = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=at)
        if not self._is_quiet(moment):
            return at
        today = moment.astimezone(self.zone).date()
        ends = [
            datetime.combine(
                today + timedelta(days=days),
                self.until,
                self.zone,
            )
            .replace(fold=fold)
            .astimezone(UTC)
            for days in (0, 1, 2)
            for fold in (0, 1)
        ]
        return to_microseconds(min(end for end in ends if end > moment and not self._is_quiet(end)))

    def _is_quiet(self, moment: datetime) -> bool:
        now = moment.astimezone(self.zone).time()
        if self.since < self.until:
            return self.since <= now < self.until
        return now >= self.since or now < self.until
