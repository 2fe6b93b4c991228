"""What must be there before the service starts: the data folder and the migrated database."""

from __future__ import annotations

import os

from service.config import Config
from service.errors import InsecureBindError, StorageUnavailableError
from service.store.engines import open_database
from service.store.queries import load_queries
from service.store.tokens import TokenStore


def prepare(config: Config) -> None:
    """Creates what is missing, and sees to it that not everybody can come in.

    Raises StorageUnavailableError, IncompatibleDatabaseError, InsecureBindError.
    """
    prepare_data_folder(config)
    tokens = TokenStore(open_database(config.database), load_queries())
    if tokens.auth_disabled() and (config.proxies or not config.is_on_loopback):
        others = "the proxies of COMPLIANCE_PROXIES let others reach it"
        if not config.proxies:
            others = f"COMPLIANCE_BIND: others can reach {config.bind}"
        raise InsecureBindError(
            f"{others}, and no token was made yet, so that everybody could read and report: make"
            " one first (python -m service token create --scope admin), or serve on 127.0.0.1 or"
            " [::1], and to no proxy"
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


def require_database(config: Config) -> None:
    """Raises StorageUnavailableError where nothing has been stored yet, and creates nothing."""
    if not config.database.exists():
        raise StorageUnavailableError(
            f"COMPLIANCE_DATA: there is no database {config.database}; the service creates it"
        )
