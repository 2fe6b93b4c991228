"""Command line of the agent: python -m agent --api URL."""

# pathlib costs start-up time that nothing here is worth.
# ruff: noqa: PTH112
from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from agent import __version__, report, sender
from agent.collectors.address import Target
from agent.machine import Machine, machine_at, shows_processes

if TYPE_CHECKING:
    from collections.abc import Sequence

DELIVERED = 0
UNDELIVERED = 1
WRONG_ARGUMENTS = 2
REFUSED = 3

_LONGEST_INTERVAL_SECONDS = 366 * 24 * 3600
_log = logging.getLogger("agent")

_DESCRIPTION = """\
Looks at this server once (its processes, logins, operating system, processor and address)
and reports it to the API.
"""

_EPILOG = """\
another machine's tree, as in a container that mounts the host's:
  --procfs gives the processes and the processor, --rootfs the operating system, the
  names of users and the logins; what neither gives is this machine's. With --rootfs
  alone, PATH/proc is read as well if it shows processes; if not, as when / was mounted
  without what is mounted below it, the processes are those of this kernel. The address
  is always the agent's own: give the container the host's network.

      docker run --network host -v /:/host:ro ... python -m agent --rootfs /host --api ...

exit codes:
  0    the report is stored (with --print: shown); with --every: ended by a signal
  1    the report could not be delivered: no connection, no answer, or the API is in trouble
  2    wrong arguments
  3    the API refused the report; its reasons are in the log
  130  ended by SIGINT (Ctrl-C) before that      143  ended by SIGTERM before that

The log goes to stderr, a line an event.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the agent; returns the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    _check(parser, options)
    _log_to_stderr()
    _end_on_signals(ends_well=options.every is not None)
    machine = machine_at(options.procfs, options.rootfs)
    _warn_of_odd_trees(machine)
    try:
        return _run(machine, options) if options.every is None else _run_for_ever(machine, options)
    except KeyboardInterrupt:  # where signals are not waited for: Windows
        return DELIVERED if options.every is not None else 130


def _warn_of_odd_trees(machine: Machine) -> None:
    if machine.procfs is not None and not shows_processes(machine.procfs):
        _log.warning("%s shows no processes", machine.procfs)
    if machine.rootfs is not None and machine.procfs is None:
        _log.warning("%s/proc shows no processes; reporting those of this kernel", machine.rootfs)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line, without the usage that argparse puts before it."""
        self.exit(WRONG_ARGUMENTS, f"{self.prog}: error: {message} (see --help)\n")


def _parser() -> _Parser:
    parser = _Parser(
        prog="python -m agent",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--api", metavar="URL", type=_api, help="the API to report to, such as http://10.0.0.5:8000"
    )
    how_often = parser.add_mutually_exclusive_group()
    how_often.add_argument("--once", action="store_true", help="report once and end (the default)")
    how_often.add_argument(
        "--every",
        metavar="SECONDS",
        type=_interval,
        help="report now and then every so many seconds",
    )
    parser.add_argument(
        "--print", action="store_true", help="show the report on stdout and send nothing"
    )
    parser.add_argument(
        "--procfs", metavar="PATH", type=_folder, help="read this /proc instead of this machine's"
    )
    parser.add_argument(
        "--rootfs", metavar="PATH", type=_folder, help="read this / instead of this machine's"
    )
    parser.add_argument("--version", action="version", version=f"compliance-agent {__version__}")
    return parser


def _check(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    if options.api is None and not options.print:
        parser.error("--api URL is needed, or --print to only show the report")


def _api(text: str) -> str:
    try:
        parts = urlsplit(text)
        port = parts.port
        (parts.hostname or "").encode("idna")
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {error}") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise argparse.ArgumentTypeError(f"{text!r}: expected http[s]://HOST[:PORT]")
    if parts.username is not None or parts.query or parts.fragment:
        raise argparse.ArgumentTypeError(f"{text!r}: expected neither a user nor a query in it")
    return text


def _interval(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 1 <= seconds <= _LONGEST_INTERVAL_SECONDS:
        raise argparse.ArgumentTypeError(
            f"{text!r}: expected a number of seconds from 1 to {_LONGEST_INTERVAL_SECONDS}"
        )
    return seconds


def _folder(text: str) -> str:
    if not os.path.isdir(text):
        raise argparse.ArgumentTypeError(f"{text!r}: there is no such folder")
    return text


def target_of(api: str | None) -> Target | None:
    if api is None:
        return None
    parts = urlsplit(api)
    # RFC 6874 writes the % of a zone as %25.
    host = (parts.hostname or "").replace("%25", "%")
    return Target(host, parts.port or (443 if parts.scheme == "https" else 80))


def _run(machine: Machine, options: argparse.Namespace) -> int:
    document = report.build(machine, target_of(options.api))
    if options.print:
        return _print(report.readable(document))
    what = f"{len(document['procesos'])} processes, {len(document['usuarios_activos'])} logins"
    try:
        answer = sender.send(options.api, report.encode(document))
    except sender.Undelivered as error:
        _log.error("the report (%s) could not be delivered: %s", what, error)
        return UNDELIVERED
    except sender.Refused as error:
        _log.error("the report (%s) was refused: %s", what, error)
        for reason in error.reasons:
            _log.error("%s", reason)
        return REFUSED
    _log.info("reported %s to %s: %d %s", what, options.api, answer.status, answer.reason)
    return DELIVERED


def _print(text: bytes) -> int:
    try:
        sys.stdout.buffer.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads has seen enough (`| head`). Python would complain again when it closes
        # stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return DELIVERED


def _run_for_ever(machine: Machine, options: argparse.Namespace) -> NoReturn:
    start = time.monotonic()
    while True:
        _run(machine, options)
        # From the start on, not from the end of a run: runs do not drift. One that took too long
        # skips its turns.
        time.sleep(options.every - (time.monotonic() - start) % options.every)


class _OneLine(logging.Formatter):
    """`agent: warning: …`; what is told is told in one line, whatever is in it."""

    def format(self, record: logging.LogRecord) -> str:
        level = "" if record.levelno <= logging.INFO else f"{record.levelname.lower()}: "
        return f"agent: {level}" + record.getMessage().replace("\r", "\\r").replace("\n", "\\n")


def _log_to_stderr() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(_OneLine())
    _log.addHandler(handler)
    _log.setLevel(logging.INFO)
    _log.propagate = False


def _end_on_signals(*, ends_well: bool) -> None:
    """End the process at once on SIGTERM and SIGINT, whatever it is doing.

    A Python signal handler runs only between two steps of the main thread, and resolving a name
    is one step that takes half a minute where the name server is silent. A thread that waits for
    the signals does not wait for that, and works as the first process of a container too, which
    ignores what it does not wait for.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        return
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)

    def wait() -> None:
        number = signal.sigwait(signals)
        os._exit(DELIVERED if ends_well else 128 + number)

    threading.Thread(target=wait, name="signals", daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
