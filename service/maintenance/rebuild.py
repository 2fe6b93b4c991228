"""Makes a new database from the archive, beside the present one, which the service may use.

The new database grows in a folder of its own and moves out of it when it is complete. A rebuild
that was killed leaves that folder, which nothing reads and the next rebuild removes.

It has the reports that the present database names, with their numbers. Archived reports that the
present database lacks come last, when no service gives numbers any more: see swap.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from service.archive import files
from service.auth.audit_log import AuditLog
from service.config import Config
from service.errors import (
    DatabaseDamagedError,
    IncompatibleDatabaseError,
    StorageUnavailableError,
)
from service.file_lock import folder_lock
from service.maintenance.catch_up import CatchUp
from service.maintenance.consistency import Comparison, against_database
from service.maintenance.replay import Replay, Replayed
from service.maintenance.tag_recovery import reconcile_tags
from service.maintenance.token_recovery import reconcile_tokens
from service.store.engines import Database, open_database, sqlite_file
from service.store.numbers import NumberStore
from service.store.queries import load_queries
from service.store.read.consistency import open_content
from service.store.retirement_recovery import reconcile_retirements
from service.store.tokens import TokenStore
from service.store.verdict_copy import copy_verdicts
from service.store.waiver_recovery import reconcile_waivers

Steps = Callable[[str], Callable[[], None]]  # what is counted -> what is called for each of them


@dataclass(slots=True)
class Rebuilt:
    """A database that was rebuilt, and what it is like."""

    path: Path
    reports: int = 0  # stored
    faults: list[str] = field(default_factory=list)  # lines that hold no report
    unnamed: int = 0  # archived reports that the present database lacks: they are stored last
    unreadable: str = ""  # why the present database names nothing, or not all
    uncompared: str = ""  # why the two could not be compared
    tokens: int = 0  # taken over from the present database or from the audit log
    violations: int = 0  # taken over from the present database
    comparison: Comparison | None = None


def rebuilt_path(config: Config) -> Path:
    return sqlite_file.companion(config.database, ".rebuilt")


def rebuild(config: Config, steps: Steps) -> Rebuilt:
    """Makes compliance.db.rebuilt. Raises StorageUnavailableError, IncompatibleDatabaseError."""
    files.require_folder(config.archive)
    done = Rebuilt(rebuilt_path(config))
    if done.path.exists():
        raise StorageUnavailableError(
            f"{done.path} exists: put it into place (python -m service rebuild --swap), or remove"
            " it and try again"
        )
    with ExitStack() as stack:
        stack.enter_context(sqlite_file.shared_use(config.database))
        folder = stack.enter_context(_work_folder(config))
        present = stack.enter_context(closing(open_database(config.database)))
        with closing(open_database(folder / "compliance.db", alone=True)) as new:
            new.migrate()
            done.unreadable = why_unreadable(config, present, new)
            if not done.unreadable:
                try:
                    last = NumberStore(present, load_queries()).last()
                    replayed = Replay(present, new, steps("reports read")).run(config.archive, last)
                except DatabaseDamagedError as error:
                    done.unreadable = str(error)
                else:
                    _note(done, replayed)
                if done.reports:
                    NumberStore(new, load_queries()).keep(last)
            if done.unreadable:
                step = steps("lines of the archive read")
                stored = CatchUp(config.archive, new, load_queries(), step=step).run()
                done.reports += stored.stored
                done.faults = stored.faults
            else:
                step = steps("reports compared")
                try:
                    done.comparison = _comparison(present, new, last, step)
                except DatabaseDamagedError as error:
                    done.uncompared = str(error)
            done.tokens = take_tokens(config, present, new)
            done.violations = take_verdicts(config, present, new)
        sqlite_file.make_single_file(folder / "compliance.db")
        sqlite_file.replace(done.path, folder / "compliance.db", None)
    return done


def why_unreadable(config: Config, present: Database, new: Database) -> str:
    """Why the present database names no report; empty where it does.

    Raises IncompatibleDatabaseError for one that has to be migrated first, and
    StorageUnavailableError for one that may be readable later.
    """
    if not config.database.exists():
        return f"{config.database} is not there"
    try:
        if present.is_new():
            return f"{config.database} is empty"
        if present.version() != new.version():
            raise IncompatibleDatabaseError(
                f"{config.database} is of another version: run `python -m service migrate` first"
            )
        with open_content(present, load_queries()) as content:
            next(content.reports(), None)
    except DatabaseDamagedError as error:
        return str(error)
    except StorageUnavailableError as error:
        if "no such table" not in str(error):
            raise
        return str(error)
    return ""


def take_tokens(config: Config, present: Database, new: Database) -> int:
    """Takes over the tokens of the present database, and those of the audit log. How many."""
    audit = AuditLog(config.audit_log)
    tokens = TokenStore(new, load_queries(), audit)
    if config.database.exists():
        # What cannot be read of a damaged database may be in the audit log.
        with suppress(DatabaseDamagedError):
            if not present.is_new():
                TokenStore(present, load_queries(), audit).copy_to(new)
    reconcile_tokens(new, audit)
    return len(tokens.all())


def take_verdicts(config: Config, present: Database, new: Database) -> int:
    """Takes over tags, retirements, waivers, the texts of rules, and what they found. How many
    violations.

    A damaged database tells nothing of them: the rules judge the servers anew from now on, with the
    tags, retirements and waivers of the audit log.
    """
    violations = 0
    if config.database.exists():
        with suppress(DatabaseDamagedError):
            if not present.is_new() and present.version() == new.version():
                violations = copy_verdicts(present, new, load_queries())
    reconcile_tags(new, AuditLog(config.audit_log))
    reconcile_retirements(new, load_queries(), AuditLog(config.audit_log))
    reconcile_waivers(new, load_queries(), AuditLog(config.audit_log))
    return violations


def _note(done: Rebuilt, replayed: Replayed) -> None:
    done.reports = replayed.stored
    done.unnamed = replayed.unnamed
    done.faults = replayed.faults
    done.unreadable = replayed.unreadable


def _comparison(
    present: Database, new: Database, last: int, step: Callable[[], None]
) -> Comparison:
    queries = load_queries()
    # The inner one is named where either cannot be read.
    with open_content(new, queries) as rebuilt, open_content(present, queries) as old:
        return against_database(old, rebuilt, step, last)


def clear_work_folder(config: Config) -> None:
    """Removes what a rebuild left that was killed when its database was complete already."""
    if sqlite_file.companion(config.database, ".rebuilding").exists():
        with _work_folder(config):
            pass


@contextmanager
def _work_folder(config: Config) -> Iterator[Path]:
    """Raises StorageUnavailableError while another rebuild is at work."""
    folder = sqlite_file.companion(config.database, ".rebuilding")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        with folder_lock(folder) as locked:
            if not locked:
                raise StorageUnavailableError("another rebuild is at work: wait for its end")
            sqlite_file.remove(folder / "compliance.db")  # of one that was killed
            try:
                yield folder
            finally:
                sqlite_file.remove(folder / "compliance.db")
                folder.rmdir()
    except OSError as error:
        raise StorageUnavailableError(f"{folder} cannot be used: {error}") from error
