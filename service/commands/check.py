"""Verifies the database and the archive, each against the other. The service may run."""

from __future__ import annotations

from service.archive import Archive
from service.commands.outcome import tell
from service.commands.progress import Progress
from service.comparison import against_archive, archived_lines
from service.config import Config
from service.database import Database
from service.prepare import require_database
from service.queries import load_queries
from service.store.audit import audit
from service.validation import ReportValidator


def run(config: Config) -> int:
    require_database(config)
    database, queries = Database(config.database), load_queries()
    lines = archived_lines(Archive(config.archive), ReportValidator())
    with audit(database, queries) as state, Progress("lines of the archive checked") as progress:
        broken = state.broken()
        outcome = against_archive(state, lines, progress.step)
    with audit(database, queries) as later:  # some were being stored while we looked
        outcome.archived_only = [key for key in outcome.archived_only if later.find(key) is None]
    for line in broken:
        print(f"{config.database}: {line}")
    return max(tell(outcome), 1 if broken else 0)
