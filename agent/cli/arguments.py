"""The command line: its options and its help."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any, NoReturn

from agent import __version__
from agent.cli.exit_codes import WRONG_ARGUMENTS
from agent.cli.settings import add_options
from agent.cli.streams import discard

_DESCRIPTION = """\
Reports this server (its processes, logins, operating system, processor and address)
to the API: once, or at an interval with --every.

    %(prog)s --api http://10.0.0.5:8000                report once
    %(prog)s --api http://10.0.0.5:8000 --every 300    report every five minutes
    %(prog)s --print                                   show the report, send nothing
    %(prog)s install-unit                              print units for systemd
"""

_EPILOG = """\
settings:
  Each setting is also read from the environment (COMPLIANCE_AGENT_API=...) and from an
  INI file (api = ... below [agent]). Options override the environment, and the
  environment overrides the file. Tokens are read from files or from
  COMPLIANCE_AGENT_TOKEN and COMPLIANCE_AGENT_ENROLMENT_TOKEN, never from an option.

undelivered reports:
  They wait in the spool folder: $STATE_DIRECTORY, else /var/lib/compliance-agent for root
  and ~/.local/state/compliance-agent for other users. They are sent before the next
  report, the oldest first. Reports that the API refuses (400) are moved to rejected/.

the tree of another machine, as in a container that mounts the host:
  --procfs provides the processes and the processor; --rootfs the operating system, the
  user names and the logins. Everything else comes from this machine. With --rootfs alone,
  PATH/proc is read as well if it shows processes. If it does not (/ was mounted without
  the mounts below it), the processes are those of this kernel. The address is always the
  agent's own: give the container the host's network.

      docker run --network host -v /:/host:ro ... %(prog)s --rootfs /host --api ...

exit codes:
  0    the report is stored (with --print: shown); with --every: ended by a signal
  1    the report could not be delivered and waits in the spool (with --print: stdout
       cannot be written)
  2    invalid option or setting, or a Python that lacks a module of the agent
  3    the API refused the report; the log has the reasons, rejected/ the report
  4    the API or the proxy denied access (401, 403, 407), or the agent has no usable
       token; the report waits in the spool
  5    the report is lost: it could be neither delivered nor stored
  6    not one process can be read, so there is no report
  130  ended by SIGINT (Ctrl-C) before that      143  ended by SIGTERM before that

The log goes to stderr, one line per event.
"""


class ArgumentParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Print one line, without the usage that argparse puts before it."""
        self.exit(WRONG_ARGUMENTS, f"{self.prog}: error: {message} (see --help)\n")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """End with this status, also if nobody can read the message."""
        try:
            super().exit(status, message)
        except OSError:
            discard(sys.stderr)
        sys.exit(status)


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """As wide as the terminal.

    argparse asks shutil for the width at every start, which imports four compression modules.
    """

    def __init__(self, prog: str, **options: Any) -> None:  # noqa: ANN401 — newer Pythons have more
        try:
            columns = int(os.environ.get("COLUMNS") or os.get_terminal_size().columns)
        except (OSError, ValueError):  # stdout is not a terminal
            columns = 80
        super().__init__(prog, width=max(columns, 40) - 2, **options)


def program_name() -> str:
    """How the agent was started: `python -m agent`, or the file of the .pyz."""
    name = os.path.basename(sys.argv[0])  # noqa: PTH119 — see machine.py
    return name if name.endswith(".pyz") else "python -m agent"


def build_parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog=program_name(),
        usage="%(prog)s --api URL [--every SECONDS] [options]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=_HelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--once", action="store_true", help="report once and end (the default)")
    parser.add_argument(
        "--print", action="store_true", help="show the report on stdout and send nothing"
    )
    add_options(parser)
    parser.add_argument("--version", action="version", version=f"compliance-agent {__version__}")
    return parser
