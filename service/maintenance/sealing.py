"""Seals the days of the archive: links of its chain, in the audit log and in the database.

A day is sealed an hour after its end, also a day without reports. The audit log comes first, on
disk; a service that is killed before the database has its copy makes up for it at the next look.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from service import times
from service.archive import files
from service.archive.chain import (
    NONE_BEFORE,
    Link,
    Stretch,
    has_grown,
    measure_day,
    parse_link,
    stretches_by_day,
)
from service.auth.audit_entries import ARCHIVE_SEALED, read_archive_links
from service.auth.audit_log import AuditLog
from service.config import Config
from service.errors import StorageUnavailableError
from service.store.archive_links import ArchiveLinkStore
from service.store.engines import Database
from service.store.queries import load_queries
from service.times import DAY, HOUR

_LOG = logging.getLogger(__name__)

_DAYS_AT_ONCE = 31  # a link; the first ones of an old archive have many days to seal


@dataclass(slots=True)
class KnownLinks:
    """The links of both copies. differing: what the copies say differently of each other.

    logged, stored: the numbers in the audit log, and in the database.
    """

    links: list[Link] = field(default_factory=list)  # by their numbers
    logged: set[int] = field(default_factory=set)
    stored: set[int] = field(default_factory=set)
    differing: list[str] = field(default_factory=list)


def known_links(config: Config, database: Database) -> KnownLinks:
    """Where copies differ, the audit log's last one counts. Raises StorageUnavailableError."""
    found = KnownLinks()
    stored = ArchiveLinkStore(database, load_queries()).all()
    texts: dict[int, str] = {}
    try:
        for number, text, digest in read_archive_links(config.audit_log):
            if hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() != digest:
                found.differing.append(f"link {number} has another digest in the audit log")
            if texts.get(number, text) != text:
                found.differing.append(f"link {number} stands twice in the audit log, and differs")
            texts[number] = text
    except OSError as error:
        raise StorageUnavailableError(f"{config.audit_log} cannot be read: {error}") from error
    found.logged, found.stored = set(texts), set(stored)
    found.differing += [
        f"link {number} differs between the audit log and the database"
        for number in sorted(found.logged & found.stored)
        if texts[number] != stored[number]
    ]
    for number, text in sorted({**stored, **texts}.items()):
        try:
            link = parse_link(text)
        except ValueError as error:
            found.differing.append(f"link {number} {error}")
            continue
        if link.number == number:
            found.links.append(link)
        else:
            found.differing.append(f"link {number} says that it is link {link.number}")
    return found


def last_closed_day(now: int) -> str:
    """The last day that ended an hour ago or longer. now: microseconds."""
    return times.to_text(now - HOUR - DAY)[:10]


def seal(
    config: Config,
    database: Database,
    now: int,
    *,
    step: Callable[[], None] = lambda: None,
    is_stopped: Callable[[], bool] = lambda: False,
) -> int:
    """Seals what is closed and not sealed yet; how many links that took.

    The caller holds the archive's lock. Raises StorageUnavailableError.
    """
    known = known_links(config, database)
    audit, store = AuditLog(config.audit_log), ArchiveLinkStore(database, load_queries())
    missing = {link.number: link.text for link in known.links if link.number not in known.stored}
    if missing:
        _sync(config.audit_log)  # a service was killed, maybe before its entry was on disk
        store.put(missing)
    closed = last_closed_day(now)
    last = known.links[-1] if known.links else None
    if last is not None and last.until == closed:
        return 0
    days = sorted({files.day_of(path) for path in files.archive_files(config.archive)})
    covered = stretches_by_day(known.links)
    grown = [
        day
        for day in days
        if day <= closed and has_grown(config.archive, day, covered.get(day, ()))
    ]
    if last is None and not grown:
        return 0  # nothing was ever archived
    made = 0
    parts = [grown[at : at + _DAYS_AT_ONCE] for at in range(0, len(grown), _DAYS_AT_ONCE)] or [[]]
    for part in parts:
        stretches = _stretches(config, part, covered, step)
        if is_stopped():
            break
        link = Link(
            last.number + 1 if last else 1,
            last.digest if last else NONE_BEFORE,
            times.to_text(times.now()),
            closed if part is parts[-1] else part[-1],
            tuple(stretches),
        )
        audit.write_synced(ARCHIVE_SEALED, **facts(link))
        store.put({link.number: link.text})
        last, made = link, made + 1
    return made


def facts(link: Link) -> dict[str, Any]:
    """The members of its entry in the audit log."""
    return {"numero": link.number, "eslabon": link.digest, "texto": link.text}


def _stretches(
    config: Config,
    days: list[str],
    covered: Mapping[str, list[Stretch]],
    step: Callable[[], None],
) -> list[Stretch]:
    """The lines of these days that no link covers. A damaged day is told, and left to the check."""
    found: list[Stretch] = []
    for day in days:
        measured = measure_day(config.archive, day, covered.get(day, ()), step)
        if measured.wrong or measured.breaks_off:
            what = "breaks off" if measured.breaks_off else "is not as it was sealed"
            _LOG.warning("%s: %s %s, and is not sealed anew", config.archive, day, what)
        elif measured.rest is not None:
            # No link before its lines: one may be on its way to a day that is over.
            _sync(config.archive / f"{day}.jsonl")
            found.append(measured.rest)
    return found


def _sync(path: Path) -> None:
    """Puts on disk what is written to a file, if it is there. Raises StorageUnavailableError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StorageUnavailableError(f"{path} cannot be written: {error}") from error
