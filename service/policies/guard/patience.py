"""Where rules are left out that passed their limits: on those servers, or on all.

What a server reports decides how much work a rule has there. So the limits that a rule passes on
one server are no reason to leave it out on others: whoever can report could switch it off. On all
it is left out only while it takes too much time, however few servers are judged so far.
"""

from __future__ import annotations

import time
from collections.abc import Callable

FEWEST = 3  # servers on which a rule has to pass its limits before it is left out on all
_MAX_LIMITS = 3  # in a row on a server, before a rule is left out there
_TRIED_AGAIN = 100  # once in so many times
_IN_VAIN = 20  # times its limit that a rule may take in vain, before it is left out on all
_SHARE = 0.1  # of the time, that it may go on to take


class Tally:
    """On which servers a rule passed its limits when it was judged last, and on which not.

    limit: seconds of processor that it may take on a server. Of what it took in vain, a tenth of
    the time that passes is taken off.
    """

    def __init__(self, limit: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._clock = limit, clock
        self._over: dict[int, int] = {}  # how often in a row
        self._within: set[int] = set()
        self._taken, self._taken_at = 0.0, clock()

    def note(self, server: int, *, is_over: bool) -> None:
        if is_over:
            self._over[server] = self._over.get(server, 0) + 1
            self._within.discard(server)
            self._taken, self._taken_at = self._taken_now() + self._limit, self._clock()
        else:
            self._over.pop(server, None)
            self._within.add(server)

    def in_a_row(self, server: int) -> int:
        return self._over.get(server, 0)

    @property
    def is_to_blame(self) -> bool:
        """Whether the rule is left out on all servers now.

        It passed its limits on most of those that are judged, and on several, and took too long.
        """
        return (
            len(self._over) >= FEWEST
            and len(self._over) > len(self._within)
            and self._taken_now() > _IN_VAIN * self._limit
        )

    def _taken_now(self) -> float:
        return max(0.0, self._taken - _SHARE * (self._clock() - self._taken_at))


class Patience:
    """Keeps a rule that passes its limit again and again from holding up the rest.

    It is left out on a server on which it did so thrice in a row, but for once in a hundred times;
    and on all while it is to blame. limit: seconds of processor that it may take on a server.
    """

    def __init__(self, limit: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._clock = limit, clock
        self._tallies: dict[str, Tally] = {}
        self._skipped: dict[tuple[str, int], int] = {}

    def has_run_out(self, rule: str, server: int) -> bool:
        """Whether the rule is left out this time."""
        tally = self._tallies.get(rule)
        if tally is None:
            return False
        if tally.in_a_row(server) < _MAX_LIMITS:
            return tally.is_to_blame
        place = rule, server
        self._skipped[place] = (self._skipped.get(place, 0) + 1) % _TRIED_AGAIN
        return self._skipped[place] != 0

    def note(self, rule: str, server: int, *, is_limit: bool) -> None:
        tally = self._tallies.get(rule)
        if tally is None:
            tally = self._tallies[rule] = Tally(self._limit, self._clock)
        tally.note(server, is_over=is_limit)
