"""Rules that ended the guard's process: left out where they did, for a while.

They are left out on all servers while they end it on most.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from service.errors import GuardEndedError
from service.policies.guard.patience import Tally
from service.policies.guard.verdict import Reason, State, Verdict

_SUSPENSION = 600.0  # seconds in which a rule that ended the process is not tried again


class _Ended(NamedTuple):
    """What a rule that ended the process says there, and until when it is left out."""

    verdict: Verdict
    until: float


class Suspensions:
    """processor: seconds that the process may take for one request."""

    def __init__(self, processor: float) -> None:
        self._processor = processor
        self._ended: dict[tuple[str, int | None], _Ended] = {}  # by server; null: the fleet
        self._tallies: dict[str, Tally] = {}

    def of(self, server: int | None) -> dict[str, Verdict]:
        """What rules that are left out on a server say there; null: those about the fleet."""
        if not self._ended:
            return {}
        now = time.monotonic()
        self._ended = {place: ended for place, ended in self._ended.items() if ended.until > now}
        return {
            rule: ended.verdict
            for (rule, where), ended in self._ended.items()
            if where == server
            or (server is not None and rule in self._tallies and self._tallies[rule].is_to_blame)
        }

    def add(self, rule: str, server: int | None, error: GuardEndedError) -> Verdict:
        """What the rule says while it is left out there; null: on the fleet."""
        verdict = Verdict(State.DESCONOCIDO, Reason.LIMITE, str(error))
        self._ended[rule, server] = _Ended(verdict, time.monotonic() + _SUSPENSION)
        if server is not None:
            tally = self._tallies.setdefault(rule, Tally(self._processor))
            tally.note(server, is_over=True)
        return verdict

    def note(self, server: int, verdicts: dict[str, Verdict]) -> None:
        """These rules were judged on the server, and did not end the process."""
        for rule in self._tallies.keys() & verdicts:
            self._tallies[rule].note(server, is_over=False)
