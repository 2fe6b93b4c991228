"""Creates the database, or brings it to the newest version."""

from __future__ import annotations

from service.config import Config
from service.maintenance.startup import prepare_data_folder
from service.store.engines import open_database


def run(config: Config) -> int:
    prepare_data_folder(config)
    print(f"{config.database} has version {open_database(config.database).version()}, the newest")
    return 0
