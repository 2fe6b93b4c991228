"""What must be there before the service starts: the data folder and the migrated database."""

from __future__ import annotations

import os

from service.config import Config
from service.database import Database
from service.errors import StorageUnavailableError


def prepare(config: Config) -> None:
    """Creates what is missing. Raises StorageUnavailableError, IncompatibleDatabaseError."""
    for folder in (config.data, config.archive):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StorageUnavailableError(
                f"COMPLIANCE_DATA: cannot create the folder {folder}: {error.strerror}"
            ) from error
        if not os.access(folder, os.W_OK | os.X_OK):
            raise StorageUnavailableError(f"COMPLIANCE_DATA: cannot write to the folder {folder}")
    Database(config.database).migrate()


def require_database(config: Config) -> None:
    """Raises StorageUnavailableError where nothing has been stored yet, and creates nothing."""
    if not config.database.exists():
        raise StorageUnavailableError(
            f"COMPLIANCE_DATA: there is no database {config.database}; the service creates it"
        )
