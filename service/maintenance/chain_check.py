"""Verifies the chain of the archive: each link, and the lines that it covers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from service import times
from service.archive import files
from service.archive.chain import (
    NONE_BEFORE,
    DayMeasured,
    Link,
    Stretch,
    late_stretches,
    measure_day,
    stretches_by_day,
    stretches_without_link,
)
from service.config import Config
from service.maintenance.sealing import KnownLinks, known_links, last_closed_day
from service.store.engines import Database

_SHOWN = 10


@dataclass(slots=True)
class ChainFindings:
    """faults: what the chain denies, or what of it is gone. notes: what it covers."""

    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def verify_chain(config: Config, database: Database) -> ChainFindings:
    """Reads the sealed days of the archive whole. Raises StorageUnavailableError."""
    known = known_links(config, database)
    found = ChainFindings(chain_faults(known))
    if not known.links:
        found.notes.append("No day of the archive is sealed yet.")
        return found
    until = min(max(link.until for link in known.links), last_closed_day(times.now()))
    covered = stretches_by_day(known.links)
    days = {files.day_of(path) for path in files.archive_files(config.archive)}
    faults: list[str] = []
    later = unsealable = 0
    for day in sorted(days | covered.keys()):
        if day > until and day not in covered:
            continue
        stretches = covered.get(day, ())
        faults += [
            f"lines {first} to {last} of {day} are in no link, though later ones are"
            for first, last in stretches_without_link(stretches)
        ]
        if day not in days:
            continue
        measured = measure_day(config.archive, day, stretches, lambda: None)
        denied = _denied(day, measured)
        faults += denied
        if measured.rest is not None and day <= until:
            later += 0 if denied else measured.rest.lines
            unsealable += measured.rest.lines if denied else 0
    found.faults += _first(faults)
    found.faults += _gone({day: covered[day] for day in sorted(covered.keys() - days)})
    found.notes += _notes(config, known, until, covered)
    if later:
        found.notes.append(
            f"Lines that came to sealed days later: {later}. The next link has them."
        )
    if unsealable:
        found.notes.append(
            f"Lines of days with faults that no link has: {unsealable}. None will have them as long"
            " as their day is not as it was sealed."
        )
    return found


def chain_faults(known: KnownLinks) -> list[str]:
    """What is wrong with the links themselves, whatever they cover."""
    return [*known.differing, *_broken(known.links), *_cut_off(known)]


def _first(lines: list[str]) -> list[str]:
    more = len(lines) - _SHOWN
    return [*lines[:_SHOWN], *([f"… and {more} more"] if more > 0 else [])]


def _broken(links: Sequence[Link]) -> list[str]:
    """Where a link does not follow the one before."""
    found = []
    number, digest = 0, NONE_BEFORE
    for link in links:
        if link.number != number + 1:
            gone = f"link {number + 1}" if link.number == number + 2 else "links"
            found.append(
                f"{gone} before link {link.number} cannot be found: neither the audit log nor the"
                " database has it"
            )
        elif link.previous != digest:
            found.append(f"link {link.number} does not follow link {number}")
        number, digest = link.number, link.digest
    return found


def _cut_off(known: KnownLinks) -> list[str]:
    """Links that the audit log lacks, though it has earlier ones: rotation takes the oldest."""
    earliest = min(known.logged, default=None)
    lacking = [] if earliest is None else sorted(known.stored - known.logged)
    return _first(
        [
            f"link {number} is in the database alone: the audit log has link {earliest}, so its"
            " entry was removed, or the end of the audit log was cut off"
            for number in lacking
            if earliest is not None and number > earliest
        ]
    )


def _denied(day: str, measured: DayMeasured) -> list[str]:
    if measured.breaks_off:  # which also shifts the lines behind
        return [f"{day} breaks off: its compressed file is damaged"]
    return [
        f"lines {stretch.before + 1} to {stretch.end} of {day} are not as they were sealed:"
        " changed, moved or removed"
        for stretch in measured.wrong
    ]


def _gone(covered: Mapping[str, Sequence[Stretch]]) -> list[str]:
    """Sealed days without a file, in one line: nobody has changed them, they are not there."""
    if not covered:
        return []
    runs: list[list[str]] = []
    for day in covered:
        if runs and times.parse(day) - times.parse(runs[-1][-1]) == times.DAY:
            runs[-1].append(day)
        else:
            runs.append([day])
    named = [run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs]
    lines = sum(stretch.lines for stretches in covered.values() for stretch in stretches)
    what = "a closed day is gone" if len(covered) == 1 else f"{len(covered)} closed days are gone"
    return [f"{what}, with sealed lines ({lines}): {', '.join(_first(named))}"]


def _notes(
    config: Config, known: KnownLinks, until: str, covered: Mapping[str, Sequence[Stretch]]
) -> list[str]:
    first, last = known.links[0], known.links[-1]
    lines = sum(stretch.lines for stretches in covered.values() for stretch in stretches)
    sealed = (
        f"The archive is sealed until {until}: {lines} lines by links {first.number} to"
        f" {last.number}, the first of them made at {first.sealed} UTC."
    )
    found = [sealed]
    late = [
        f"{stretch.lines} of {stretch.day} (link {link.number}, {link.sealed[:10]})"
        for link, stretch in late_stretches(known.links)
    ]
    if late:
        found.append(
            "Lines that came to days which links had closed, and are in later links: "
            f"{', '.join(_first(late))}."
        )
    back = [
        str(after.number)
        for before, after in pairwise(known.links)
        if after.sealed < before.sealed or after.until < before.until
    ]
    if back:
        found.append(
            "Links that by their times were made before the one that they follow, since the clock"
            f" of the service was set back: {', '.join(_first(back))}."
        )
    earliest = min(known.logged, default=last.number + 1)
    rotated = sum(number < earliest for number in known.stored)
    if rotated:
        found.append(
            f"Links in the database alone: {rotated}, since {config.audit_log} was rotated, or"
            " is not the one of before."
        )
    return found
