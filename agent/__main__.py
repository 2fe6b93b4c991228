"""Command line of the agent: python -m agent --api URL."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from agent import __version__, report, wire
from agent.cli import log_format as journal
from agent.cli import settings
from agent.collectors.address import Target
from agent.machine import Machine, machine_at, shows_processes
from agent.state.spool import Spool
from agent.state.token_file import TokenFile
from agent.transport import schedule
from agent.transport.delivery import Delivery, DeliveryStatus
from agent.transport.enrolment import Enrolment
from agent.transport.http_client import Api

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.cli.settings import Settings
    from agent.transport.delivery_error import Trouble

DELIVERED = 0
UNDELIVERED = 1
WRONG_ARGUMENTS = 2
REFUSED = 3
NOT_LET_IN = 4
LOST = 5

_LAST_SECONDS = 0.4  # of a second, for each of two things to finish after SIGTERM
_log = logging.getLogger("agent")

_DESCRIPTION = """\
Looks at this server (its processes, logins, operating system, processor and address)
and reports it to the API: once, or with --every again and again.

    %(prog)s --api http://10.0.0.5:8000                report once
    %(prog)s --api http://10.0.0.5:8000 --every 300    every five minutes
    %(prog)s --print                                   show the report, send nothing
    %(prog)s install-unit                              print units for systemd
"""

_EPILOG = """\
settings:
  Each of these can also be set in the environment (COMPLIANCE_AGENT_API=...) and in an INI
  file (api = ... below [agent]). Options win over the environment, that over the file.
  Tokens are read from files, COMPLIANCE_AGENT_TOKEN and COMPLIANCE_AGENT_ENROLMENT_TOKEN,
  never from an option.

reports that cannot be delivered:
  wait in the spool folder: $STATE_DIRECTORY, else /var/lib/compliance-agent for root and
  ~/.local/state/compliance-agent for others. They are sent before the next one, oldest
  first. Those that the API refuses (400) are set aside in its folder rejected/.

another machine's tree, as in a container that mounts the host's:
  --procfs gives the processes and the processor, --rootfs the operating system, the
  names of users and the logins; what neither gives is this machine's. With --rootfs
  alone, PATH/proc is read as well if it shows processes; if not, as when / was mounted
  without what is mounted below it, the processes are those of this kernel. The address
  is always the agent's own: give the container the host's network.

      docker run --network host -v /:/host:ro ... %(prog)s --rootfs /host --api ...

exit codes:
  0    the report is stored (with --print: shown); with --every: ended by a signal
  1    the report could not be delivered and waits in the spool
  2    a wrong option or setting
  3    the API refused the report, which is set aside; its reasons are in the log
  4    the API does not let the agent in (401, 403), or it has no token that it may use;
       the report waits in the spool
  5    the report is lost: it could neither be delivered nor kept
  130  ended by SIGINT (Ctrl-C) before that      143  ended by SIGTERM before that

The log goes to stderr, a line an event.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the agent; returns the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments and arguments[0] == "install-unit":
        from agent.cli import units  # noqa: PLC0415 — a command of its own

        return units.main(arguments[1:])
    chosen = settings.parse(_parser(), arguments)
    journal.log_to_stderr(_log)
    machine = machine_at(chosen.procfs, chosen.rootfs)
    _warn_of_odd_trees(machine)
    if chosen.print:
        _end_on_signals(None, ends_well=False)
        document = report.build(machine, target_of(chosen.api), command_lines=chosen.linea_comando)
        return _print(wire.readable(wire.version_1(document) if chosen.esquema == 1 else document))
    return _report(machine, chosen)


def _report(machine: Machine, chosen: Settings) -> int:
    assert chosen.api is not None  # noqa: S101 — settings.settle() has seen to it
    spool = Spool(chosen.spool, chosen.spool_bytes, chosen.spool_seconds)
    enrolment = None
    if not chosen.access.has_token:
        file = TokenFile(chosen.spool)
        enrolment = Enrolment(file, chosen.access, lambda: report.identify(machine))
    delivery = Delivery(Api(chosen.api, chosen.access), spool, chosen.esquema, enrolment)
    hand = _end_on_signals(delivery, ends_well=chosen.every is not None)
    _warn_of_a_bare_token(chosen)
    target = target_of(chosen.api)

    def take() -> None:
        with hand:
            document = report.build(
                machine,
                target,
                command_lines=chosen.linea_comando,
                boot_note=os.path.join(chosen.spool, "boot"),  # noqa: PTH118 — see machine.py
            )
            what = (
                f"{len(document['procesos'])} processes, {len(document['usuarios_activos'])} logins"
            )

            def write(dropped: int) -> bytes:
                if dropped:
                    document["descartados"] = dropped
                return wire.encode(document)

            delivery.take(write, what)

    try:
        if chosen.every is not None:
            at_once = chosen.now or sys.stderr.isatty()
            first = schedule.first_pause(chosen.every, at_once=at_once)
            if first:
                _log.info("the first report follows in %.0f s, see --now", first)
            schedule.run_for_ever(delivery, take, chosen.every, first)
        return _exit_code(delivery, *schedule.run_once(delivery, take))
    except KeyboardInterrupt:  # where signals are not waited for: Windows
        return DELIVERED if chosen.every is not None else 130


def _exit_code(delivery: Delivery, fate: DeliveryStatus, trouble: Trouble | None) -> int:
    if trouble is not None:
        _log.error("%s; reports waiting: %d", trouble.reason, delivery.waiting())
    if fate is DeliveryStatus.LOST:
        _log.error("the report could neither be delivered nor kept, and is lost")
    if fate is DeliveryStatus.WAITING and trouble is not None and trouble.not_let_in:
        return NOT_LET_IN
    return {
        DeliveryStatus.DELIVERED: DELIVERED,
        DeliveryStatus.WAITING: UNDELIVERED,
        DeliveryStatus.REFUSED: REFUSED,
        DeliveryStatus.LOST: LOST,
    }[fate]


def _warn_of_odd_trees(machine: Machine) -> None:
    if machine.procfs is not None and not shows_processes(machine.procfs):
        _log.warning("%s shows no processes", machine.procfs)
    if machine.rootfs is not None and machine.procfs is None:
        _log.warning("%s/proc shows no processes; reporting those of this kernel", machine.rootfs)


def _warn_of_a_bare_token(chosen: Settings) -> None:
    target = target_of(chosen.api)
    if (
        str(chosen.api).startswith("http:")
        and (
            chosen.access.has_token
            or chosen.access.may_enrol
            or os.path.lexists(TokenFile(chosen.spool).path)
        )
        and target is not None
        and target.host not in {"127.0.0.1", "::1", "localhost"}
    ):
        _log.warning("the token travels to %s without encryption; use https", chosen.api)


class OneLineParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line, without the usage that argparse puts before it."""
        self.exit(WRONG_ARGUMENTS, f"{self.prog}: error: {message} (see --help)\n")


class _Help(argparse.RawDescriptionHelpFormatter):
    """As wide as the terminal.

    argparse would ask shutil for that, at every start, which imports four kinds of compression.
    """

    def __init__(self, prog: str, **options: Any) -> None:  # noqa: ANN401 — newer Pythons have more
        try:
            columns = int(os.environ.get("COLUMNS") or os.get_terminal_size().columns)
        except (OSError, ValueError):  # stdout is no terminal
            columns = 80
        super().__init__(prog, width=max(columns, 40) - 2, **options)


def program() -> str:
    """How this was started: python -m agent, or the file of the .pyz."""
    name = os.path.basename(sys.argv[0])  # noqa: PTH119 — see machine.py
    return name if name.endswith(".pyz") else "python -m agent"


def _parser() -> OneLineParser:
    parser = OneLineParser(
        prog=program(),
        usage="%(prog)s --api URL [--every SECONDS] [options]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=_Help,
        allow_abbrev=False,
    )
    parser.add_argument("--once", action="store_true", help="report once and end (the default)")
    parser.add_argument(
        "--print", action="store_true", help="show the report on stdout and send nothing"
    )
    settings.add_options(parser)
    parser.add_argument("--version", action="version", version=f"compliance-agent {__version__}")
    return parser


def target_of(api: str | None) -> Target | None:
    if api is None:
        return None
    parts = urlsplit(api)
    # RFC 6874 writes the % of a zone as %25.
    host = (parts.hostname or "").replace("%25", "%")
    return Target(host, parts.port or (443 if parts.scheme == "https" else 80))


def _print(text: bytes) -> int:
    try:
        sys.stdout.buffer.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads has seen enough (`| head`). Python would complain again when it closes
        # stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return DELIVERED


def _end_on_signals(delivery: Delivery | None, *, ends_well: bool) -> threading.Lock:
    """End the process within a second of SIGTERM or SIGINT, whatever it is doing.

    A Python signal handler runs only between two steps of the main thread, and resolving a name
    is one step that takes half a minute where the name server is silent. A thread that waits for
    the signals does not wait for that, and works as the first process of a container too, which
    ignores what it does not wait for.

    Returns a lock; whoever holds it has a report in hand, and a moment to bring it to the spool.
    """
    hand = threading.Lock()
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        return hand
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)

    def wait() -> None:
        number = signal.sigwait(signals)
        hand.acquire(timeout=_LAST_SECONDS)
        if delivery is not None:
            rescue = threading.Thread(target=delivery.rescue, daemon=True)
            rescue.start()
            rescue.join(_LAST_SECONDS)
        os._exit(DELIVERED if ends_well else 128 + number)

    threading.Thread(target=wait, name="signals", daemon=True).start()
    return hand


if __name__ == "__main__":
    sys.exit(main())
