"""Verifies the database and the archive, each against the other. The service may run."""

from __future__ import annotations

import argparse
from contextlib import closing

from service.commands.progress import Progress
from service.commands.result_printer import tell
from service.config import Config
from service.ingest.validation import ReportValidator
from service.maintenance.consistency import against_archive, archived_lines
from service.maintenance.startup import require_database
from service.store.engines import open_database
from service.store.queries import load_queries
from service.store.read.consistency import open_content


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """None."""


def run(config: Config, _options: argparse.Namespace) -> int:
    require_database(config)
    queries = load_queries()
    lines = archived_lines(config.archive, ReportValidator())
    with closing(open_database(config.database)) as database:
        with (
            open_content(database, queries) as state,
            Progress("lines of the archive checked") as progress,
        ):
            damage = state.damage()
            comparison = against_archive(state, lines, progress.step)
        with open_content(database, queries) as later:  # some were being stored while we looked
            missing = [key for key in comparison.archived_only if later.find([key]) is None]
    comparison.archived_only = missing
    for line in damage:
        print(f"{config.database}: {line}")
    return max(tell(comparison), 1 if damage else 0)
