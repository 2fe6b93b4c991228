"""Startup: the data folder, the migrated database, and a safe address to serve on."""

from __future__ import annotations

import os
import socket
from contextlib import closing

from service.auth.audit_log import AuditLog
from service.config import Config
from service.errors import InsecureBindError, PortUnavailableError, StorageUnavailableError
from service.store.engines import open_database
from service.store.queries import load_queries
from service.store.tokens import TokenStore


def prepare(config: Config) -> None:
    """Creates the data folder and the database, and refuses an address open to other machines.

    Raises StorageUnavailableError, IncompatibleDatabaseError, InsecureBindError.
    """
    prepare_data_folder(config)
    # Closed before gunicorn forks: no SQLite connection may cross a fork (sqlite.org/howtocorrupt).
    with closing(open_database(config.database)) as database:
        tokens = TokenStore(database, load_queries(), AuditLog(config.audit_log))
        auth_disabled = tokens.auth_disabled()
    if auth_disabled and (config.proxies or not config.is_on_loopback):
        reason = f"COMPLIANCE_BIND: other machines can reach {config.bind}"
        if config.proxies:
            reason = "COMPLIANCE_PROXIES: other machines can reach the service through a proxy"
        raise InsecureBindError(
            f"{reason}, and without a token everybody could read and report: make a token first"
            " (python -m service token create --scope admin), or serve on 127.0.0.1 or [::1]"
            " without a proxy"
        )


def prepare_data_folder(config: Config) -> None:
    """The data folder and the database. Raises as prepare() does."""
    for folder in (config.data, config.archive):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StorageUnavailableError(
                f"COMPLIANCE_DATA: cannot create the folder {folder}: {error.strerror}"
            ) from error
        if not os.access(folder, os.W_OK | os.X_OK):
            raise StorageUnavailableError(f"COMPLIANCE_DATA: cannot write to the folder {folder}")
    open_database(config.database).migrate()


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
    if not config.database.exists():
        raise StorageUnavailableError(
            f"COMPLIANCE_DATA: there is no database {config.database}; the service creates it"
        )
