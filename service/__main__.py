"""The command line: python -m service <command>."""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036 — who comes with an older one is told
    sys.exit(
        "compliance: Python 3.11 or newer is needed, this is {}.{}".format(*sys.version_info[:2])
    )

import argparse
import importlib

from service import VERSION
from service.commands import token
from service.config import from_env
from service.errors import ComplianceError

_COMMANDS = {
    "demo": "start the API and the real agent on this machine, and say what to look at",
    "migrate": "create the database, or bring it to the newest version",
    "check": "verify the database and the archive, each against the other",
    "rebuild": "make a new database from the archive, and compare it with the one that is there",
    "token": "make, list and revoke the tokens that say who may report and who may read",
}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m service",
        description="Commands of the compliance service. `gunicorn` alone, in the project's"
        " folder, serves. Settings come from COMPLIANCE_* variables; service/README.md lists them.",
    )
    parser.add_argument("--version", action="version", version=f"compliance {VERSION}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, purpose in _COMMANDS.items():
        subparser = commands.add_parser(name, help=purpose, description=purpose)
        if name == "token":
            token.add_arguments(subparser)
    options = parser.parse_args()
    try:
        if options.command == "token":
            return token.run(from_env(), options)
        return int(importlib.import_module(f"service.commands.{options.command}").run(from_env()))
    except ComplianceError as error:
        print(f"compliance: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
