"""Creates the database, or brings it to the newest version."""

from __future__ import annotations

import argparse
from contextlib import closing

from service.config import Config
from service.maintenance.startup import prepare_data_folder
from service.store.engines import open_database


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """None."""


def run(config: Config, _options: argparse.Namespace) -> int:
    prepare_data_folder(config)
    with closing(open_database(config.database)) as database:
        print(f"{config.database} has version {database.version()}, the newest")
    return 0
