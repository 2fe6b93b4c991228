"""Verifies the database, the archive and the audit log against each other. The service may run."""

from __future__ import annotations

import argparse
from contextlib import closing

from service import times
from service.commands.progress import Progress
from service.commands.result_printer import tell
from service.config import Config
from service.errors import StorageUnavailableError
from service.file_lock import folder_lock
from service.maintenance.check import Findings, check
from service.maintenance.recovery import (
    catch_up,
    recover_retirements,
    recover_tags,
    recover_tokens,
    recover_waivers,
)
from service.maintenance.startup import require_database
from service.store.archive_files import ArchiveFileStore
from service.store.engines import Database, open_database
from service.store.numbers import NumberStore
from service.store.queries import load_queries

_WAIT_SECONDS = 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--repair",
        action="store_true",
        help="first store the archived reports, and restore the tokens, that the database lacks",
    )


def run(config: Config, options: argparse.Namespace) -> int:
    require_database(config)
    with closing(open_database(config.database)) as database:
        if options.repair:
            _repair(config, database)
        with Progress("lines of the archive checked") as progress:
            found = check(config, database, progress.step)
    _tell(config, found)
    return 1 if found.failed else 0


def _repair(config: Config, database: Database) -> None:
    known = ArchiveFileStore(database, load_queries())
    with folder_lock(config.archive, seconds=_WAIT_SECONDS) as locked:
        if not locked:
            raise StorageUnavailableError("another process compares the archive: try again later")
        known.put([], forget=list(known.all()))
        catch_up(config, database)
    recover_tokens(config, database)
    recover_tags(config, database)
    recover_retirements(config, database)
    recover_waivers(config, database)
    numbers = NumberStore(database, load_queries())
    numbers.note(numbers.gaps()[0], times.now())


def _tell(config: Config, found: Findings) -> None:
    for line in (*found.damage, *found.numbers, *found.tokens):
        print(f"{config.database}: {line}")
    if found.tokens:
        print("The next start restores what the audit log says of tokens.")
    for line in found.chain.faults:
        print(f"{config.archive}: {line}")
    if found.unreadable:
        print(f"The check ended early: {found.unreadable}")
    if found.damage or found.unreadable:
        print(
            "A damaged database is made anew from the archive: python -m service rebuild, then"
            " python -m service rebuild --swap"
        )
    tell(found.comparison)
    if found.comparison.archived_only:
        print(
            "Whether their senders were told that they are stored cannot be known."
            " `python -m service check --repair` stores them."
        )
    if found.numbers:
        print(
            "Whether the archive has the reports of removed records cannot be known."
            " `python -m service check --repair` stores what it has, with new numbers, and takes"
            " note of these."
        )
    for line in found.chain.notes:
        print(line)
    print("Not known: reports that neither the database nor the archive holds.")
