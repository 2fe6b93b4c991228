"""What runs at one report after the other, by spans that begin and end with reports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any


class RunningSpans:
    """Rows that begin with one report, and are gone with another one or stay."""

    def __init__(self) -> None:
        self._seq = 0
        self._ends: dict[int, list[int]] = defaultdict(list)  # ids, by the report without them

    def to(self, seq: int, begun: Iterable[Sequence[Any]]) -> tuple[list[int], list[Sequence[Any]]]:
        """The ids that are gone, and the rows that came, at a report.

        begun: what began since the last one: first report, the one without it or null, id, and the
        rest of the row.
        """
        ends = self._ends
        gone = ends.pop(seq, [])
        if seq > self._seq + 1:
            for passed in [ended for ended in ends if ended < seq]:
                gone += ends.pop(passed)
        self._seq = seq
        came: list[Sequence[Any]] = []
        for span in begun:
            gone_seq = span[1]
            if gone_seq is not None:
                if gone_seq <= seq:
                    continue
                ends[gone_seq].append(span[2])
            came.append(span[2:])
        return gone, came
