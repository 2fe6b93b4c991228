"""The heartbeat of a receiver: that somebody judges and sends. Its absence is the alarm.

It is no message of the queue: it is made when it is sent, so none ever waits behind another one,
nor for quiet hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from service import times
from service.notify.composing import Composer
from service.notify.lag import LAGS_AFTER
from service.notify.open_now import OpenNow
from service.notify.receivers import SEVERITIES, Receiver
from service.notify.shapes import SHAPES
from service.notify.words import WORDS
from service.store.engines import Connection
from service.store.read import deafness
from service.store.read.progress import Progress
from service.store.server_event import SEVERITIES as EVENT_SEVERITIES
from service.store.write.notices import digest_of
from service.store.write.outbox import Outbox
from service.times import SECOND

HEARTBEAT = "latido"

_LOOK_AGAIN = 10 * SECOND  # while the evaluator lags


class Beat(NamedTuple):
    """A heartbeat that is to be sent now."""

    digest: bytes
    body: bytes


class Heartbeat:
    """Of one receiver that asks for it."""

    def __init__(
        self, receiver: Receiver, outbox: Outbox, open_now: OpenNow, composer: Composer, word: Path
    ) -> None:
        """word: the file that the evaluator touches while it runs."""
        self._receiver, self._every = receiver, receiver.heartbeat or 0
        self._outbox, self._open_now = outbox, open_now
        self._composer, self._word = composer, word
        self._words = WORDS[receiver.language]
        self._not_before = 0  # so that the database is not asked each time

    def is_due(self, now: int) -> bool:
        """False if there is no need to look at `put_off`."""
        return now >= self._not_before

    def put_off(self, beat_at: int | None, now: int) -> bool:
        """Whether it is too early, after a heartbeat at this time. A clock may be set back."""
        is_early = beat_at is not None and 0 <= now - beat_at < self._every
        if is_early and beat_at is not None:
            self._not_before = beat_at + self._every
        return is_early

    def try_again_after(self, pause: int, now: int) -> None:
        self._not_before = now + min(pause, self._every)

    def beat(self, connection: Connection, progress: Progress, now: int) -> Beat | None:
        """Null while the evaluation lags: it is not so that all is well.

        progress: read before the snapshot, so that what it says is judged is in it.
        """
        heard_at = deafness.heard_at(self._word)
        judged_at = now if progress.behind_since is None else progress.behind_since
        if heard_at is None or now - min(judged_at, heard_at) >= LAGS_AFTER:
            self._not_before = now + _LOOK_AGAIN
            return None
        digest = digest_of(HEARTBEAT, self._receiver.name, now)
        facts = self._facts(connection, progress, now)
        title = f"{self._words['latido']}: {self._composer.numbers(facts['por_severidad'])}"
        letter = self._composer.plain(digest.hex(), title, self._lines(facts), facts, "/avisos")
        return Beat(digest, SHAPES[self._receiver.kind](letter).encode())

    def _lines(self, facts: Mapping[str, Any]) -> list[str]:
        words = self._words
        judged = "beat_judged" if facts["evaluador"] == "al_dia" else "beat_behind"
        if facts["evaluado_hasta"] is None:
            judged = "nothing_judged"
        waits = "beat_waits" if facts["esperan_desde"] is None else "beat_waits_since"
        return [
            words[judged].format(at=(facts["evaluado_hasta"] or "")[:19]),
            words[waits].format(n=facts["esperan"], at=(facts["esperan_desde"] or "")[:19]),
            words["beat_failed"].format(n=facts["fallidas"]),
        ]

    def _facts(self, connection: Connection, progress: Progress, now: int) -> Mapping[str, Any]:
        found = [row.severity for row in self._open_now.violations(connection, now)]
        found += [EVENT_SEVERITIES[event.kind] for event, _ in self._open_now.events(connection)]
        waiting, since, failed = self._outbox.backlog(connection, self._receiver.name)
        state = "al_dia" if progress.behind_since is None else "atrasado"
        return {
            "tipo": HEARTBEAT,
            "hecha": times.to_text(now),
            "cada": self._every // SECOND,
            "evaluado_hasta": None if progress.until is None else times.to_text(progress.until),
            "evaluador": state if progress.has_begun else "sin_evaluar",
            "abiertas": len(found),
            "por_severidad": {each: found.count(each) for each in SEVERITIES},
            "esperan": waiting,
            "esperan_desde": None if since is None else times.to_text(since),
            "fallidas": failed,
        }
