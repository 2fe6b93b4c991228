"""Housekeeping of a running service, in a thread of each worker; one of them works at a time.

It leaves word that reports can be stored, notes how far the archive is stored, so that the next
start has little to compare, stores what a killed worker left between the archive and the database,
gives disk space back, seals the days of the archive, and retires servers that are silent for long.
"""

from __future__ import annotations

import logging
import threading
from contextlib import closing

from service import times
from service.config import Config
from service.errors import ComplianceError
from service.file_lock import folder_lock
from service.maintenance.downtime import note_alive, note_downtime
from service.maintenance.recovery import catch_up
from service.maintenance.retire_silent import retire_silent
from service.maintenance.sealing import last_closed_day, seal
from service.store.engines import Database, open_database
from service.times import MINUTE

_LOG = logging.getLogger(__name__)

_SECONDS_BETWEEN = 60.0
_STOP_SECONDS = 2.0
_LINES_AT_ONCE = 50
_PAUSE_SECONDS = 0.005
# Lines that were received later may still be on their way to the database.
_UNDER_WAY = MINUTE


class Housekeeping(threading.Thread):
    """Works once a minute until stop()."""

    def __init__(self, config: Config, seconds_between: float = _SECONDS_BETWEEN) -> None:
        super().__init__(name="housekeeping", daemon=True)
        self._config = config
        self._seconds_between = seconds_between
        self._stopped = threading.Event()
        self._told = ""
        self._lines = 0
        self._sealed = ""  # the day until which the archive is sealed

    def stop(self) -> None:
        """Ends the thread, and waits until its database is closed, for a moment."""
        self._stopped.set()
        self.join(_STOP_SECONDS)

    def run(self) -> None:
        # One database for all the time: closing its last connection would remove the WAL.
        with closing(open_database(self._config.database)) as database:
            while not self._stopped.wait(self._seconds_between):
                try:
                    note_downtime(self._config)
                    self._work(database)
                except (ComplianceError, OSError) as error:
                    if str(error) != self._told:  # once, and not every minute
                        _LOG.warning("housekeeping: %s", error)
                    self._told = str(error)
                else:
                    self._told = ""
            note_alive(self._config)  # a stop is no time of which nothing is known

    def _work(self, database: Database) -> None:
        with folder_lock(self._config.archive) as locked:
            if locked:
                until = times.now() - _UNDER_WAY
                catch_up(self._config, database, received_until=until, step=self._step)
                for done in database.tidy():
                    _LOG.info("%s", done)
                self._seal(database)
                retire_silent(self._config, database)

    def _seal(self, database: Database) -> None:
        now = times.now()
        if last_closed_day(now) == self._sealed:
            return
        made = seal(self._config, database, now, step=self._step, is_stopped=self._stopped.is_set)
        if made:
            _LOG.info("sealed the archive until %s", last_closed_day(now))
        self._sealed = last_closed_day(now)

    def _step(self) -> None:
        """Lets the requests of this worker go first."""
        self._lines += 1
        if self._lines % _LINES_AT_ONCE == 0:
            self._stopped.wait(_PAUSE_SECONDS)
