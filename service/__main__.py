"""The command line: python -m service <command>."""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036 — an older Python gets a line, no traceback
    sys.exit(
        "compliance: Python 3.11 or newer is needed, this is {}.{}".format(*sys.version_info[:2])
    )

import argparse
import importlib
import json
import logging
import os
from contextlib import suppress
from typing import NoReturn, Protocol

from service.config import Config, from_env
from service.errors import ComplianceError
from service.project import SCHEMAS_FOLDER

# Modules of service/commands/. Only the one that is asked for is imported.
_COMMANDS = {
    "serve": "serve the API and the pages",
    "demo": "start the API and the real agent on this machine, and print what to try",
    "evaluate": "judge every server by the rules",
    "backtest": "try a rule on the past",
    "notify": "tell receivers what happened, and try whether they hear",
    "migrate": "create the database, or bring it to the newest version",
    "check": "verify the database and the archive against each other",
    "compact": "give the free pages of the database back to the disk",
    "policy": "check rules, run their cases, and plan a change of their folder",
    "rebuild": "make a new database from the archive, and put it into place",
    "retire": "take servers out of counts and lists until they report again",
    "tag": "tell what servers are: environment, owner, role",
    "waive": "accept for a time that a rule fails on some servers",
    "token": "make, list and revoke tokens",
}

# They take the processor that the service on this machine leaves them.
_ASIDE = ("backtest", "policy")
_NICE = 19


class _Command(Protocol):
    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, config: Config, options: argparse.Namespace) -> int: ...


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line, without the usage that argparse puts before it."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main() -> int:
    os.umask(0o077)  # whatever is made is for its owner alone
    logging.basicConfig(level=logging.INFO, format="%(message)s")  # on stderr
    parser = _Parser(
        prog="python -m service",
        description="Commands of the compliance service. Settings come from COMPLIANCE_* variables;"
        " service/README.md lists them.",
    )
    parser.add_argument("--version", action="version", version=f"compliance {_version()}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    asked = next(iter(sys.argv[1:]), "")
    for name, purpose in _COMMANDS.items():
        subparser = commands.add_parser(name, help=purpose, description=f"{purpose}.".capitalize())
        if name == asked:
            _command(name).add_arguments(subparser)
    options = parser.parse_args()
    if options.command in _ASIDE:
        with suppress(OSError):  # not everywhere a process may
            os.nice(_NICE)
    try:
        code = int(_command(options.command).run(from_env(), options))
        sys.stdout.flush()
    except ComplianceError as error:
        print(f"compliance: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever reads has seen enough, as head(1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return code


def _command(name: str) -> _Command:
    return importlib.import_module(f"service.commands.{name}")


def _version() -> str:
    """The version of the service is that of the interface which it describes."""
    description = json.loads((SCHEMAS_FOLDER / "openapi.json").read_bytes())
    return str(description["info"]["version"])


if __name__ == "__main__":
    sys.exit(main())
