"""Recovery at the start: what was acknowledged and the database lacks is put back into it.

A database lacks reports and changes of tokens where an older one took its place, where its
write-ahead log was removed, or where a service was killed between the archive and the database.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from service import times
from service.auth.audit_log import AuditLog
from service.config import Config
from service.errors import DatabaseDamagedError, StorageUnavailableError
from service.file_lock import folder_lock
from service.maintenance.catch_up import CatchUp, CaughtUp
from service.maintenance.tag_recovery import reconcile_tags
from service.maintenance.token_recovery import reconcile_tokens
from service.store.engines import Database
from service.store.queries import load_queries
from service.store.retirement_recovery import reconcile_retirements
from service.store.waiver_recovery import reconcile_waivers

_LOG = logging.getLogger(__name__)

REBUILD = (
    "put it back from a backup, or make it anew from the archive: python -m service rebuild,"
    " then python -m service rebuild --swap"
)

# More archived reports than this are not on their way to the database when a service is killed.
_MOST_IN_FLIGHT = 500
_SHOWN_FAULTS = 3
_SECONDS_BETWEEN = 5
_WAIT_SECONDS = 10  # for another process that catches up


def recover_tokens(config: Config, database: Database) -> None:
    """Restores tokens and revocations from the audit log. Raises StorageUnavailableError."""
    done = reconcile_tokens(database, AuditLog(config.audit_log))
    if done.restored or done.revoked:
        _LOG.info(
            "%s lacked what %s says of tokens: %d restored, %d revoked again",
            *(config.database, config.audit_log, done.restored, done.revoked),
        )
    if done.recorded:
        _LOG.info("%s describes %d more tokens now", config.audit_log, done.recorded)


def recover_tags(config: Config, database: Database) -> None:
    """Restores tags from the audit log, once the reports are there. Raises
    StorageUnavailableError.
    """
    done = reconcile_tags(database, AuditLog(config.audit_log))
    if done.restored:
        _LOG.info(
            "%s lacked %d changes of tags that %s tells",
            *(config.database, done.restored, config.audit_log),
        )
    if done.recorded:
        _LOG.info("%s describes %d more changes of tags now", config.audit_log, done.recorded)


def recover_retirements(config: Config, database: Database) -> None:
    """Restores which servers are retired from the audit log, once the reports are there.

    Raises StorageUnavailableError.
    """
    done = reconcile_retirements(database, load_queries(), AuditLog(config.audit_log))
    if done.restored:
        _LOG.info(
            "%s lacked %d retirements of servers that %s tells",
            *(config.database, done.restored, config.audit_log),
        )
    if done.recorded:
        _LOG.info("%s describes %d more retirements now", config.audit_log, done.recorded)


def recover_waivers(config: Config, database: Database) -> None:
    """Restores waivers from the audit log, once the reports are there. Raises
    StorageUnavailableError.
    """
    done = reconcile_waivers(database, load_queries(), AuditLog(config.audit_log))
    if done.restored:
        _LOG.info(
            "%s lacked %d waivers and revocations that %s tells",
            *(config.database, done.restored, config.audit_log),
        )
    if done.recorded:
        _LOG.info("%s describes %d more of waivers now", config.audit_log, done.recorded)


def recover_reports(config: Config, database: Database, *, was_closed: bool) -> None:
    """Stores archived reports that the database lacks; the log says how many.

    was_closed: no changes waited beside the database, so that it should lack nothing. What cannot
    be stored now, on a full disk say, is left to the running service. Raises DatabaseDamagedError
    for a database that lacks reports and is damaged.
    """
    try:
        with folder_lock(config.archive, seconds=_WAIT_SECONDS) as locked:
            if not locked:
                _LOG.warning("another process compares %s with the database", config.archive)
                return
            suspicion = _Suspicion(config, database, was_closed=was_closed)
            done = catch_up(config, database, on_missing=suspicion.missing)
    except DatabaseDamagedError as error:
        raise DatabaseDamagedError(f"{error}: {REBUILD}") from error
    except (StorageUnavailableError, OSError) as error:
        _LOG.warning("the archive cannot be compared with the database now: %s", error)
        return
    if done.gone:
        _LOG.warning(
            "%s lacks files that it had (%s): put them back from a backup",
            config.archive,
            ", ".join(sorted(done.gone)[:_SHOWN_FAULTS]),
        )
    if done.stored and suspicion.is_grave(done.stored):
        _LOG.warning(
            "more than a killed service leaves: their senders were refused, or an older %s was put"
            " into place, or its -wal was removed; `python -m service check` compares all of it",
            config.database.name,
        )


def catch_up(
    config: Config,
    database: Database,
    *,
    received_until: int = times.LAST,
    on_missing: Callable[[int], None] = lambda _missing: None,
    step: Callable[[], None] | None = None,
) -> CaughtUp:
    """Stores archived reports that the database lacks. The caller holds the archive's lock.

    step: called for each line, in place of a line of the log every few seconds.
    """
    work = CatchUp(
        config.archive,
        database,
        load_queries(),
        on_missing=on_missing,
        step=step or _Progress().step,
    )
    done = work.run(received_until)
    if done.stored:
        _LOG.info("stored %d archived reports that %s lacked", done.stored, config.database)
    for fault in done.faults[:_SHOWN_FAULTS]:
        _LOG.warning("%s: %s", config.archive, fault)
    if len(done.faults) > _SHOWN_FAULTS:
        _LOG.warning("… and %d more faults of lines", len(done.faults) - _SHOWN_FAULTS)
    return done


class _Suspicion:
    """Looks for damage in a database that lacks more than a killed service leaves."""

    def __init__(self, config: Config, database: Database, *, was_closed: bool) -> None:
        self._config = config
        self._database = database
        self._was_closed = was_closed
        self._looked = False

    def is_grave(self, missing: int) -> bool:
        return self._was_closed or missing > _MOST_IN_FLIGHT

    def missing(self, missing: int) -> None:
        """Raises DatabaseDamagedError."""
        if self._looked or not self.is_grave(missing):
            return
        self._looked = True
        _LOG.info("%s lacks archived reports; looking for damage …", self._config.database)
        with self._database.snapshot() as connection:
            damage = self._database.find_damage(connection)
        if damage:
            raise DatabaseDamagedError(
                f"{self._config.database} lacks archived reports and is damaged ({damage[0]})"
            )


class _Progress:
    """A line of the log every few seconds."""

    def __init__(self) -> None:
        self._lines = 0
        self._told = time.monotonic()

    def step(self) -> None:
        self._lines += 1
        now = time.monotonic()
        if now - self._told >= _SECONDS_BETWEEN:
            self._told = now
            _LOG.info("compared %d lines of the archive with the database so far", self._lines)
