"""Where rules are left out that passed their limits: on those servers, or on all.

What a server reports decides how much work a rule has there. So the limits that a rule passes on
one server are no reason to leave it out on others: whoever can report could switch it off.
"""

from __future__ import annotations

FEWEST = 3  # servers on which a rule has to pass its limits before it is left out on all
_MAX_LIMITS = 3  # in a row on a server, before a rule is left out there
_TRIED_AGAIN = 100  # once in so many times


class Tally:
    """On which servers a rule passed its limits when it was judged last, and on which not."""

    def __init__(self) -> None:
        self._over: dict[int, int] = {}  # how often in a row
        self._within: set[int] = set()

    def note(self, server: int, *, is_over: bool) -> None:
        if is_over:
            self._over[server] = self._over.get(server, 0) + 1
            self._within.discard(server)
        else:
            self._over.pop(server, None)
            self._within.add(server)

    def in_a_row(self, server: int) -> int:
        return self._over.get(server, 0)

    @property
    def is_over_everywhere(self) -> bool:
        """Whether the rule is to blame: it passed its limits on most servers, and on several."""
        return len(self._over) >= FEWEST and len(self._over) > len(self._within)


class Patience:
    """Keeps a rule that passes its limit again and again from holding up the rest.

    It is left out on a server on which it did so thrice in a row, and on all if it did so on most,
    but for once in a hundred times.
    """

    def __init__(self) -> None:
        self._tallies: dict[str, Tally] = {}
        self._skipped: dict[tuple[str, int | None], int] = {}

    def has_run_out(self, rule: str, server: int) -> bool:
        """Whether the rule is left out this time."""
        tally = self._tallies.get(rule)
        if tally is None:
            return False
        if tally.in_a_row(server) >= _MAX_LIMITS:
            place: tuple[str, int | None] = (rule, server)
        elif tally.is_over_everywhere:
            place = (rule, None)
        else:
            return False
        self._skipped[place] = (self._skipped.get(place, 0) + 1) % _TRIED_AGAIN
        return self._skipped[place] != 0

    def note(self, rule: str, server: int, *, is_limit: bool) -> None:
        tally = self._tallies.get(rule)
        if tally is None:
            tally = self._tallies[rule] = Tally()
        tally.note(server, is_over=is_limit)
