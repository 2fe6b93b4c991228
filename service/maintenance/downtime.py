"""When the service itself could hear nobody. Nobody was silent then; silence counts anew after it.

A service that runs, and whose disk takes reports, touches a file once a minute. The age of that
file says later how long nobody could be heard: the service did not run, its machine slept, or its
disk was full.
"""

from __future__ import annotations

import os
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryFile

from service import times
from service.config import Config
from service.store.engines import MAX_INTEGER, Database, open_database
from service.store.queries import load_queries
from service.store.read.deafness import NOTICED, heard_at
from service.store.read.unjudged import UnjudgedReader
from service.store.write.verdicts import VerdictStore

_PROBE_BYTES = 64 * 1024  # more than most reports take


def note_downtime(config: Config, longer_than: int = NOTICED) -> None:
    """Stores the time in which nobody could be heard, if it is over, and leaves word of that.

    longer_than: microseconds, 0 when the service starts. Raises StorageUnavailableError.
    """
    if not _can_store(config.archive if config.archive.is_dir() else config.data):
        return
    with closing(open_database(config.database)) as database:
        since, now = heard_at(config.alive), times.now()
        if since is None:  # a version before this one, which left no word
            since = _last_arrival(database)
        if since is not None and now - since > longer_than:
            store = VerdictStore(load_queries())
            with database.transaction() as connection:
                store.add_deaf_span(connection, since, now)
    note_alive(config)


def note_alive(config: Config) -> None:
    """Leaves word that the service runs and can store reports."""
    with suppress(OSError):
        os.close(os.open(config.alive, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        os.utime(config.alive)


def _last_arrival(database: Database) -> int | None:
    """When anybody was heard last, in microseconds; null for never."""
    with database.snapshot() as connection:
        newest = UnjudgedReader(load_queries()).newest_report(connection, MAX_INTEGER)
    return newest.received_at or None


def _can_store(folder: Path) -> bool:
    """Whether the disk of the archive takes what a report needs."""
    try:
        with TemporaryFile(dir=folder, prefix=".probe-") as file:
            file.write(bytes(_PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        return False
    return True
