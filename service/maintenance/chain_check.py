"""Verifies the chain of the archive: each link, and the lines that it covers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from service.archive import files
from service.archive.chain import NONE_BEFORE, Link, Stretch, measure_day, stretches_by_day
from service.config import Config
from service.maintenance.sealing import known_links
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
    found = ChainFindings([*known.differing, *_broken(known.links)])
    if not known.links:
        found.notes.append("No day of the archive is sealed yet.")
        return found
    first, last = known.links[0], known.links[-1]
    until = max(link.until for link in known.links)  # the clock may have been set back since
    covered = stretches_by_day(known.links)
    days = {files.day_of(path) for path in files.archive_files(config.archive)}
    faults: list[str] = []
    later = 0
    for day in sorted(days | covered.keys()):
        if day > until and day not in covered:
            continue
        measured = measure_day(config.archive, day, covered.get(day, ()), lambda: None)
        faults += [_denied(stretch, day in days) for stretch in measured.wrong]
        if measured.breaks_off and not measured.wrong:
            faults.append(f"{day} breaks off")
        later += measured.rest.lines if measured.rest is not None else 0
    found.faults += faults[:_SHOWN]
    if len(faults) > _SHOWN:
        found.faults.append(f"… and {len(faults) - _SHOWN} more")
    lines = sum(stretch.lines for stretches in covered.values() for stretch in stretches)
    found.notes.append(
        f"The archive is sealed until {until}: {lines} lines by links {first.number} to"
        f" {last.number}, the first of them made at {first.sealed} UTC."
    )
    if later:
        found.notes.append(
            f"Lines that came to sealed days later: {later}. The next link has them."
        )
    rotated = known.stored - known.logged
    if rotated:
        found.notes.append(
            f"Links in the database alone: {len(rotated)}, since {config.audit_log} was rotated, or"
            " is not the one of before."
        )
    return found


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


def _denied(stretch: Stretch, is_there: bool) -> str:
    lines = f"lines {stretch.before + 1} to {stretch.end} of {stretch.day}"
    if not is_there:
        return f"{lines} were sealed, and the day is gone"
    return f"{lines} are not as they were sealed: changed, moved or removed"
