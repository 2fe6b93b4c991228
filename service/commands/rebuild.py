"""Makes a new database from the archive, and puts it into the place of the present one."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import ExitStack

from service.commands.progress import Progress
from service.commands.result_printer import tell
from service.config import Config
from service.maintenance.rebuild import Rebuilt, rebuild
from service.maintenance.swap import swap

_SWAP = "python -m service rebuild --swap"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--swap",
        action="store_true",
        help="put the rebuilt database into place; the service must be stopped",
    )
    parser.add_argument(
        "--accept-loss",
        action="store_true",
        help="with --swap: also if the present database has reports that the archive lacks",
    )


def run(config: Config, options: argparse.Namespace) -> int:
    with ExitStack() as shown:

        def steps(what: str) -> Callable[[], None]:
            return shown.enter_context(Progress(what)).step

        if options.swap:
            return _swap(config, steps, accept_loss=options.accept_loss)
        done = rebuild(config, steps)
    return _tell(config, done)


def _tell(config: Config, done: Rebuilt) -> int:
    for fault in done.faults:
        print(f"  skipped: {fault}")
    print(f"{done.path} is rebuilt from {config.archive}: {done.reports} reports")
    failed = 0
    if done.unreadable:
        print(f"It is compared with nothing: {done.unreadable}")
        print("Its records are numbered (id_serv) anew, in the order of the archive.")
    elif done.uncompared:
        print(f"It could not be compared with {config.database}: {done.uncompared}")
    elif done.comparison is not None:
        print(f"Compared with {config.database}:")
        failed = tell(done.comparison)
        if done.comparison.renumbered:
            print(
                f"records that could not keep their number (id_serv): {done.comparison.renumbered}"
            )
        else:
            print("all records keep their number (id_serv)")
    if done.unnamed:
        print(f"archived reports that {config.database} lacks, to be stored last: {done.unnamed}")
    print(f"violations of rules: {done.violations}")
    print(f"tokens: {done.tokens}")
    if not done.tokens:
        print("Make one before you start the service: python -m service token create --scope admin")
    print(f"To use it, stop the service, then: {_SWAP}")
    return failed


def _swap(config: Config, steps: Callable[[str], Callable[[], None]], *, accept_loss: bool) -> int:
    done = swap(config, steps, accept_loss=accept_loss)
    if done.unreadable:
        print(f"The database before could not be read to its end: {done.unreadable}")
        print("What the archive has is stored. What only that database had cannot be known.")
    if done.since:
        print(f"reports received since the rebuild, with their numbers: {done.since}")
    if done.lost:
        print(f"reports that only the database before has: {done.lost}")
    if done.rest:
        print(f"archived reports that the database before lacked: {done.rest}")
    print(f"{config.database} is the rebuilt database now. Start the service.")
    if done.kept is not None:
        print(f"The one before is {done.kept}; remove it when it is needed no more.")
    return 1 if done.lost else 0
