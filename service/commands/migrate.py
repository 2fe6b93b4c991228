"""Creates the database, or brings it to the newest version."""

from __future__ import annotations

from service.config import Config
from service.database import Database
from service.prepare import prepare_data


def run(config: Config) -> int:
    prepare_data(config)
    print(f"{config.database} has version {Database(config.database).version()}, the newest")
    return 0
