"""The command install-unit: prints units for systemd."""

# ruff: noqa: PTH100, PTH120
from __future__ import annotations

import argparse
import os
import re
import sys
from typing import TYPE_CHECKING

from agent.cli.arguments import ArgumentParser, program_name
from agent.cli.exit_codes import DELIVERED, UNDELIVERED
from agent.cli.settings import CONFIG, REPORT_EVERY_SECONDS, SettingError, parse_interval
from agent.cli.streams import write_stdout

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDER = "/etc/systemd/system"
NAME = "compliance-agent"
_PLAIN = re.compile(r"[\w./@:,+=-]+", re.ASCII)

_SERVICE = """\
[Unit]
Description=Compliance agent: reports this server to the API
Documentation=man:systemd.exec(5)
Wants=network-online.target
# Reports carry the time. Where a service waits for its synchronisation (time-sync.target, such as
# systemd-time-wait-sync.service), the agent starts after it.
After=network-online.target nss-lookup.target time-set.target time-sync.target

[Service]
{start}
# The enrolment token, for which this server gets its own token, or a token to use instead, and
# USER:PASSWORD for a proxy. The files belong to root (mode 0600); the agent reads a copy. An
# empty default replaces a missing file.
LoadCredential=enrolment-token:/etc/compliance-agent.enrolment
SetCredential=enrolment-token:\\n
LoadCredential=token:/etc/compliance-agent.token
SetCredential=token:\\n
LoadCredential=proxy-credentials:/etc/compliance-agent.proxy
SetCredential=proxy-credentials:\\n

# A transient account with two folders of its own: the spool, and the cache of native code.
DynamicUser=yes
StateDirectory={name}
StateDirectoryMode=0700
CacheDirectory={name}
CacheDirectoryMode=0700
UMask=0077

# The agent reads the system and talks to the API; it needs no rights. Only the programs
# (ejecutable) of other users' processes are hidden from it. To report those as well, set
# AmbientCapabilities=CAP_SYS_PTRACE and CapabilityBoundingSet=CAP_SYS_PTRACE.
CapabilityBoundingSet=
AmbientCapabilities=
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectProc=default
ProcSubset=all
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
KeyringMode=private
MemoryMax=256M
TasksMax=16
Nice=10
{install}"""

_ONESHOT = """\
Type=oneshot
ExecStart={command} --once
# A report that waits (1), is refused (3) or is denied access (4) is logged, and the next run
# continues; 143 is a stop: the unit has not failed.
SuccessExitStatus=1 3 4 143
TimeoutStartSec=5min"""

_DAEMON = """\
Type=exec
ExecStart={command} --every {every}
Restart=always
RestartSec=30
TimeoutStopSec=10"""

_INSTALL = """
[Install]
WantedBy=multi-user.target
"""

_TIMER = """\
[Unit]
Description=Timer of the compliance agent

[Timer]
# Each server reports at its own moment within the interval, so that they do not report together.
OnCalendar={calendar}
RandomizedDelaySec={every}s
FixedRandomDelay=yes
AccuracySec=1s

[Install]
WantedBy=timers.target
"""


def main(arguments: Sequence[str]) -> int:
    """Print the requested units on stdout; returns the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    service, timer = f"{NAME}.service", f"{NAME}.timer"
    shown = {}
    if options.which != "timer":
        shown[service] = service_unit(options.every if options.which == "daemon" else None)
    if options.which in {None, "timer"}:
        try:
            shown[timer] = timer_unit(options.every)
        except ValueError as error:
            parser.error(f"argument --every: {error}")
    parts = [f"# {FOLDER}/{name}\n{text}" for name, text in shown.items()]
    printed = "\n".join(parts) if len(shown) > 1 else "".join(shown.values())
    failure = write_stdout(printed.encode())
    if failure is not None:
        parser.exit(UNDELIVERED, f"{parser.prog}: error: cannot write to stdout: {failure}\n")
    return DELIVERED


def service_unit(every: float | None) -> str:
    """The service: started by the timer; with an interval, a daemon."""
    start = _ONESHOT if every is None else _DAEMON
    return _SERVICE.format(
        name=NAME,
        start=start.format(command=_command(), every=_seconds(every or 0)),
        install="" if every is None else _INSTALL,
    )


def timer_unit(every: float) -> str:
    """Raises ValueError for an interval that OnCalendar= cannot express."""
    return _TIMER.format(every=_seconds(every), calendar=_calendar(every))


def _calendar(every: float) -> str:
    """The interval as a calendar event of systemd.time(7)."""
    minutes, hours = every / 60, every / 3600
    if minutes.is_integer() and 60 % minutes == 0 and minutes < 60:
        return f"*:0/{minutes:.0f}"
    if hours.is_integer() and 24 % hours == 0:
        return "00:00" if hours == 24 else f"0/{hours:.0f}:00"
    raise ValueError(
        f"{_seconds(every)} s: expected minutes that divide an hour or hours that divide a day"
    )


def _seconds(every: float) -> str:
    return f"{every:.15g}"


def _command() -> str:
    """How this program was started, independent of the present environment."""
    program = os.path.abspath(sys.argv[0])
    if program.endswith(".pyz"):
        words = [sys.executable, "-I", program]
    else:
        words = [sys.executable, "-m", "agent"]
        folder = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        return f"/usr/bin/env PYTHONPATH={_quoted(folder)} " + " ".join(map(_quoted, words))
    return " ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    r"""A word for ExecStart, see "Command lines" in systemd.service(5)."""
    word = word.replace("%", "%%").replace("$", "$$")
    if _PLAIN.fullmatch(word):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _parser() -> argparse.ArgumentParser:
    parser = ArgumentParser(
        prog=f"{program_name()} install-unit",
        description=f"""\
Prints units for systemd on stdout, for {FOLDER}. Put the settings into
{CONFIG}, at least the address of the API.

    %(prog)s            both: a service that reports once, and its timer
    %(prog)s service    the service only
    %(prog)s timer      the timer only
    %(prog)s daemon     instead of both: a service that keeps running
""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("which", nargs="?", choices=["service", "timer", "daemon"])
    parser.add_argument(
        "--every",
        metavar="SECONDS",
        type=_interval,
        default=REPORT_EVERY_SECONDS,
        help="the interval between reports (300)",
    )
    return parser


def _interval(text: str) -> float:
    try:
        return parse_interval(text)
    except (ValueError, SettingError) as error:
        raise argparse.ArgumentTypeError(str(error)) from None
