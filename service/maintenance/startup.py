"""Startup: the data folder, the migrated database, and a safe address to serve on."""

from __future__ import annotations

import os
import socket
from contextlib import closing, suppress

from service.archive import files
from service.auth.audit_entries import has_entries_of_access
from service.auth.audit_log import AuditLog
from service.config import Config
from service.errors import (
    DatabaseDamagedError,
    DatabaseLostError,
    InsecureBindError,
    PortUnavailableError,
    StorageUnavailableError,
)
from service.maintenance.recovery import (
    REBUILD,
    recover_reports,
    recover_retirements,
    recover_tags,
    recover_tokens,
    recover_waivers,
)
from service.store.engines import Database, open_database
from service.store.numbers import NumberStore
from service.store.queries import load_queries
from service.store.tokens import TokenStore


def prepare(config: Config) -> None:
    """Creates the data folder and the database, and brings the database up to the archive.

    Stores archived reports that the database lacks, restores tokens, revocations, tags and
    retirements that the audit log alone has, and refuses an address open to other machines; the log
    says what was done. Raises StorageUnavailableError, IncompatibleDatabaseError,
    InsecureBindError, and DatabaseLostError for a database that is gone or emptied while the
    archive or the audit log are not.
    """
    # Closed before gunicorn forks: no SQLite connection may cross a fork (sqlite.org/howtocorrupt).
    with closing(open_database(config.database)) as database:
        was_closed = not database.has_journal()
        _prepare_database(config, database)
        _refuse_emptied(config, database)
        recover_tokens(config, database)
        _refuse_open_access(config, database)
        recover_reports(config, database, was_closed=was_closed)
        recover_tags(config, database)
        recover_retirements(config, database)
        recover_waivers(config, database)


def prepare_data_folder(config: Config) -> None:
    """The data folder and the migrated database. Raises as prepare() does."""
    with closing(open_database(config.database)) as database:
        _prepare_database(config, database)


def _prepare_database(config: Config, database: Database) -> None:
    for folder in (config.data, config.archive):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            if folder.exists():
                files.require_folder(folder)
            raise StorageUnavailableError(
                f"COMPLIANCE_DATA: cannot create the folder {folder}: {error.strerror}"
            ) from error
        if not os.access(folder, os.W_OK | os.X_OK):
            raise StorageUnavailableError(f"COMPLIANCE_DATA: cannot write to the folder {folder}")
    _close_to_others(config)
    # These are looked at first, so that a service that starts at the same time has its database.
    if (kept := _kept_beside(config)) and _is_new(database):
        state = "is empty" if config.database.exists() else "is not there"
        raise DatabaseLostError(f"{config.database} {state}, and {kept}: {REBUILD}")
    database.migrate()


def _is_new(database: Database) -> bool:
    try:
        return database.is_new()
    except DatabaseDamagedError as error:
        raise DatabaseDamagedError(f"{error}: {REBUILD}") from error


def _close_to_others(config: Config) -> None:
    """Takes other users' rights from files that earlier versions made. A group keeps its own."""
    for path in (*config.data.glob("compliance.db*"), config.audit_log, *config.archive.iterdir()):
        with suppress(OSError):  # it is another account's, or not there
            mode = path.stat().st_mode & 0o777
            if mode & 0o007:
                path.chmod(mode & 0o770)


def _kept_beside(config: Config) -> str:
    """What a lost database leaves, in words; empty where there is nothing."""
    if files.has_lines(config.archive):
        return f"{config.archive} holds reports"
    if _has_audit_entries(config):
        return f"{config.audit_log} names tokens"
    return ""


def _has_audit_entries(config: Config) -> bool:
    """Whether the audit log names tokens, or uses of them. Rules are there in any case.

    One that cannot be read may name some: nobody is let in because of that.
    """
    try:
        return config.audit_log.exists() and has_entries_of_access(config.audit_log)
    except OSError:
        return True


def _refuse_emptied(config: Config, database: Database) -> None:
    if "report" in NumberStore(database, load_queries()).emptied_tables():
        raise DatabaseLostError(
            f"all reports were removed from {config.database}, and not by the service: {REBUILD}"
        )


def _refuse_open_access(config: Config, database: Database) -> None:
    """Raises where everybody could read and report, and where that was otherwise before."""
    queries = load_queries()
    if not TokenStore(database, queries, AuditLog(config.audit_log)).auth_disabled():
        return
    create = "python -m service token create --scope admin"
    emptied = "token" in NumberStore(database, queries).emptied_tables()
    if emptied or _has_audit_entries(config):
        raise DatabaseLostError(
            f"{config.database} has lost its tokens"
            + ("" if emptied else f", which {config.audit_log} names")
            + f", and without a token everybody could read and report: make a new one ({create})"
        )
    if config.proxies or not config.is_on_loopback:
        reason = f"COMPLIANCE_BIND: other machines can reach {config.bind}"
        if config.proxies:
            reason = "COMPLIANCE_PROXIES: other machines can reach the service through a proxy"
        raise InsecureBindError(
            f"{reason}, and without a token everybody could read and report: make a token first"
            f" ({create}), or serve on 127.0.0.1 or [::1] without a proxy"
        )


def require_free_port(host: str, port: int) -> None:
    """Raises PortUnavailableError, with one clear line, where the address cannot be bound."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            shown = f"[{host}]" if ":" in host else host
            raise PortUnavailableError(
                f"cannot listen on {shown}:{port}: {error.strerror};"
                " COMPLIANCE_BIND=127.0.0.1:8001 would choose another port"
            ) from error


def require_database(config: Config) -> None:
    """Raises StorageUnavailableError where nothing has been stored yet, and creates nothing."""
    with closing(open_database(config.database)) as database:
        if not database.is_new():
            return
    state = "is empty" if config.database.exists() else "is not there"
    kept = _kept_beside(config) if config.data.is_dir() else ""
    raise StorageUnavailableError(
        f"COMPLIANCE_DATA: {config.database} {state}"
        + (f", and {kept}: {REBUILD}" if kept else "; the service creates it")
    )
