"""Gives the free pages of the database back to the disk."""

from __future__ import annotations

import argparse
import shutil
import time
from contextlib import closing

from service.commands.progress import Progress
from service.config import Config
from service.errors import StorageUnavailableError
from service.maintenance.startup import require_database
from service.store.engines import compact, open_database, sqlite_file

# Measured on a slow disk; the line that says it says "about".
_BYTES_A_SECOND = 40 * 1024 * 1024
_MEBIBYTE = 1024 * 1024


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """None."""


def run(config: Config, _options: argparse.Namespace) -> int:
    require_database(config)
    with sqlite_file.sole_use(config.database):
        with closing(open_database(config.database, alone=True)) as database:
            database.version()  # raises for a file that is no database
        before = config.database.stat().st_size
        free = shutil.disk_usage(sqlite_file.real_path(config.database).parent).free
        print(
            f"{config.database}: {_mebibytes(before)}. This takes about"
            f" {max(1, before // _BYTES_A_SECOND)} s and at most {_mebibytes(before)} of disk"
            f" meanwhile, of which {_mebibytes(free)} are free.",
            flush=True,
        )
        if free < before:
            raise StorageUnavailableError("there is too little free disk: nothing was changed")
        began = time.monotonic()
        with Progress("MiB written") as progress:
            compact(config.database, lambda size: progress.show(size // _MEBIBYTE))
    after = config.database.stat().st_size
    print(f"It has {_mebibytes(after)} now; that took {time.monotonic() - began:.0f} s.")
    return 0


def _mebibytes(size: int) -> str:
    return f"{size / _MEBIBYTE:,.1f} MiB"
