"""Puts a rebuilt database into the place of the present one, so that nothing acknowledged is lost.

Whatever was acknowledged since the rebuild is in the present database: its reports are replayed
with their numbers, and its tokens are taken over, while no other process uses it. The file that is
replaced is kept.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from service import times
from service.config import Config
from service.errors import DatabaseDamagedError, StorageUnavailableError
from service.file_lock import folder_lock
from service.maintenance.catch_up import CatchUp
from service.maintenance.consistency import only_in_old
from service.maintenance.rebuild import (
    Steps,
    clear_work_folder,
    rebuilt_path,
    take_tokens,
    take_verdicts,
    why_unreadable,
)
from service.maintenance.replay import Replay
from service.store.archive_files import ArchiveFileStore
from service.store.engines import Database, open_database, sqlite_file
from service.store.numbers import NumberStore
from service.store.queries import load_queries
from service.store.read.consistency import open_content


@dataclass(slots=True)
class Swapped:
    """What a swap did."""

    kept: Path | None = None  # the database before; null where there was none
    since: int = 0  # reports that the database before received since the rebuild
    lost: int = 0  # reports that only the database before has
    rest: int = 0  # archived reports that neither had
    unreadable: str = ""  # why the database before told nothing, or not all


def swap(config: Config, steps: Steps, *, accept_loss: bool) -> Swapped:
    """Puts compliance.db.rebuilt into place.

    accept_loss: also where the database before has reports that the archive lacks. Raises
    DatabaseInUseError while a process uses the database, and StorageUnavailableError.
    """
    done, rebuilt = Swapped(), rebuilt_path(config)
    if not rebuilt.exists():
        raise StorageUnavailableError(
            f"{rebuilt} is not there: make it first (python -m service rebuild)"
        )
    with sqlite_file.sole_use(config.database):
        with (
            closing(open_database(config.database, alone=True)) as old,
            closing(open_database(rebuilt, alone=True)) as new,
        ):
            new.migrate()
            _bring_up(config, old, new, steps, done)
            if done.lost and not accept_loss:
                raise StorageUnavailableError(
                    f"{done.lost} reports are in {config.database} and not in the archive, and"
                    " would be lost: put the files of the archive back from a backup and rebuild"
                    " again, or accept the loss (python -m service rebuild --swap --accept-loss)"
                )
            if done.lost:
                numbers = NumberStore(new, load_queries())
                numbers.note(numbers.gaps()[0], times.now())
            _require_sound(new, rebuilt)
        sqlite_file.make_single_file(rebuilt)
        if config.database.exists():
            if not done.unreadable:
                sqlite_file.make_single_file(config.database)
            done.kept = sqlite_file.companion(config.database, f".before-{_stamp()}")
        sqlite_file.replace(config.database, rebuilt, done.kept)
        _store_rest(config, steps, done)
        clear_work_folder(config)
    return done


def _bring_up(config: Config, old: Database, new: Database, steps: Steps, done: Swapped) -> None:
    """Gives the rebuilt database what came into the present one since."""
    done.unreadable = why_unreadable(config, old, new)
    if not done.unreadable:
        try:
            _take_reports(config, old, new, steps, done)
        except DatabaseDamagedError as error:
            done.unreadable = str(error)
    take_tokens(config, old, new)
    take_verdicts(config, old, new)


def _take_reports(
    config: Config, old: Database, new: Database, steps: Steps, done: Swapped
) -> None:
    """Raises DatabaseDamagedError where the present database cannot be read to its end."""
    queries = load_queries()
    before_numbers, numbers = NumberStore(old, queries), NumberStore(new, queries)
    if ArchiveFileStore(new, queries).all():  # it was rebuilt without the present one
        catch_up = CatchUp(config.archive, new, queries, step=steps("lines compared"))
        done.since = catch_up.run().stored
    else:
        last, after = before_numbers.last(), numbers.last()
        if last > after:
            replay = Replay(old, new, steps("archived reports read"))
            replayed = replay.run(config.archive, last, after)
            done.since, done.unreadable = replayed.stored, replayed.unreadable
            if done.unreadable:
                return
    numbers.keep(before_numbers.last())
    with open_content(new, queries) as rebuilt, open_content(old, queries) as before:
        done.lost = len(only_in_old(before, rebuilt))
    numbers.note(before_numbers.gaps()[1], times.now())


def _require_sound(new: Database, path: Path) -> None:
    with new.snapshot() as connection:
        damage = new.find_damage(connection)
    if damage:
        raise StorageUnavailableError(
            f"{path} is damaged ({damage[0]}): remove it, and rebuild again"
        )


def _store_rest(config: Config, steps: Steps, done: Swapped) -> None:
    with (
        closing(open_database(config.database, alone=True)) as database,
        folder_lock(config.archive, seconds=60),
    ):
        database.migrate()
        step = steps("lines of the archive compared")
        done.rest = CatchUp(config.archive, database, load_queries(), step=step).run().stored


def _stamp() -> str:
    """Now, for the name of a file: 20261126T071500.123456Z."""
    return times.to_text(times.now()).translate({45: None, 58: None, 32: "T"}) + "Z"
