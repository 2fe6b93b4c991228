"""Serves the API and the pages: gunicorn with the project's configuration, from any folder."""

from __future__ import annotations

import argparse
import os
import sys

from service.config import Config, argument_type, child_environ
from service.project import PROJECT_FOLDER


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--bind",
        type=argument_type("bind"),
        metavar="HOST:PORT",
        help="the address to serve on, in place of COMPLIANCE_BIND",
    )
    parser.add_argument(
        "--data",
        type=argument_type("data"),
        metavar="FOLDER",
        help="the data folder, in place of COMPLIANCE_DATA",
    )


def run(config: Config, options: argparse.Namespace) -> int:
    """Becomes gunicorn, so that signals and the exit status are gunicorn's own."""
    settings = {"bind": options.bind or config.bind}
    paths = {
        "data": options.data or config.data,
        "certificate": config.certificate,
        "key": config.key,
        "policies": config.policies,
    }
    # gunicorn runs in the project's folder; relative paths are meant from the present one.
    settings |= {name: str(path.absolute()) for name, path in paths.items() if path is not None}
    os.chdir(PROJECT_FOLDER)
    command = [sys.executable, "-m", "gunicorn"]
    os.execve(sys.executable, command, child_environ(settings))  # noqa: S606 — our own program
