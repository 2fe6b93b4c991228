"""The links of the archive's chain that a pack of evidence cites."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from service.archive.chain import Link, Stretch, late_stretches
from service.maintenance.archived_records import ArchivedRecords


class CitedLink(NamedTuple):
    """A stretch of a link. agrees: the archive is still as the link fixed it.

    is_late: its lines came to a day that an earlier link had closed.
    """

    link: Link
    stretch: Stretch
    agrees: bool
    is_late: bool

    def facts(self) -> dict[str, Any]:
        return {
            "numero": self.link.number,
            "eslabon": self.link.digest,
            "sellado": self.link.sealed,
            "dia": self.stretch.day,
            "lineas": [self.stretch.before + 1, self.stretch.end],
            "sha256": self.stretch.sha256,
            "coincide": self.agrees,
            "tarde": self.is_late,
        }


def cited_links(
    known: Sequence[Link],
    archived: ArchivedRecords,
    days: set[str],
    places: set[tuple[str, int]],
) -> list[CitedLink]:
    """The links that cover these lines of days; without lines, those that cover the days.

    Reads the days. Raises StorageUnavailableError, QuestionStoppedError.
    """
    cited = [
        (link, stretch)
        for link in known
        for stretch in link.stretches
        if any(
            day == stretch.day and stretch.before < number <= stretch.end for day, number in places
        )
        or (not places and stretch.day in days)
    ]
    late = late_stretches(known)
    changed = [
        stretch
        for day in sorted({stretch.day for _, stretch in cited})
        for stretch in archived.changed(day, [each for _, each in cited if each.day == day])
    ]
    return [
        CitedLink(link, stretch, stretch not in changed, (link, stretch) in late)
        for link, stretch in cited
    ]
