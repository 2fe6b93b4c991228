"""When the service itself did not run. Nobody was silent then, and silence counts anew after it.

A running service touches a file now and then; how old it is says at the next start how long nobody
could be heard.
"""

from __future__ import annotations

import os
from contextlib import closing, suppress

from service import times
from service.config import Config
from service.store.engines import open_database
from service.store.queries import load_queries
from service.store.read.deafness import NOTICED, heard_at
from service.store.write.verdicts import VerdictStore


def note_downtime(config: Config) -> None:
    """Stores the time since the last service ran. Raises StorageUnavailableError."""
    since, now = heard_at(config.alive), times.now()
    if since is not None and now - since > NOTICED:
        with closing(open_database(config.database)) as database:
            store = VerdictStore(load_queries())
            with database.transaction() as connection:
                store.add_deaf_span(connection, since, now)
    note_alive(config)


def note_alive(config: Config) -> None:
    """Leaves word that the service runs; a disk that is full takes none."""
    with suppress(OSError):
        os.close(os.open(config.alive, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        os.utime(config.alive)
