"""Prints units for systemd: install-unit."""

# ruff: noqa: PTH100, PTH120
from __future__ import annotations

import argparse
import os
import re
import sys
from typing import TYPE_CHECKING

from agent.cli.settings import CONFIG, REPORT_EVERY_SECONDS, WrongSetting, check_interval

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
After=network-online.target nss-lookup.target

[Service]
{start}
# The secret with which this server gets a token of its own, or the token that it is to use
# instead: files of root's (0600), of which the agent is shown a copy. Without them, what follows
# stands for them: nothing.
LoadCredential=enrolment-token:/etc/compliance-agent.transport.enrolment
SetCredential=enrolment-token:\\n
LoadCredential=token:/etc/compliance-agent.token
SetCredential=token:\\n

# An account that exists while it runs, with two folders of its own: the spool, and the
# cache of what the one file carries.
DynamicUser=yes
StateDirectory={name}
StateDirectoryMode=0700
CacheDirectory={name}
CacheDirectoryMode=0700
UMask=0077

# It reads the system and talks to the API; it needs nothing else. What it reads of /proc is
# open to everybody. The programs of others (ejecutable) are not: to have those as well, give it
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

_ONCE = """\
Type=oneshot
ExecStart={command} --once
# Waiting in the spool (1), set aside (3) and not let in (4) are told in the log, and the next
# run goes on with them: no reason to call the unit failed.
SuccessExitStatus=1 3 4
TimeoutStartSec=5min"""

_FOR_EVER = """\
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
Description=Compliance agent: when it reports

[Timer]
# Each server at a moment of its own within the interval, so that many do not call at once.
OnCalendar={calendar}
RandomizedDelaySec={every}s
FixedRandomDelay=yes
AccuracySec=1s

[Install]
WantedBy=timers.target
"""


def main(arguments: Sequence[str]) -> int:
    """The command install-unit; prints the units that it was asked for."""
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
    for name, text in shown.items():
        if len(shown) > 1:
            sys.stdout.write(f"# {FOLDER}/{name}\n")
        sys.stdout.write(text + "\n" * (name != list(shown)[-1]))
    return 0


def service_unit(every: float | None) -> str:
    """The service: run by the timer, or, with an interval, for ever."""
    start = _ONCE if every is None else _FOR_EVER
    return _SERVICE.format(
        name=NAME,
        start=start.format(command=_command(), every=_seconds(every or 0)),
        install="" if every is None else _INSTALL,
    )


def timer_unit(every: float) -> str:
    """Raises ValueError for an interval that no calendar has."""
    return _TIMER.format(every=_seconds(every), calendar=_calendar(every))


def _calendar(every: float) -> str:
    """Every so many seconds, as systemd.time(7) writes it."""
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
    """How this program was started, with nothing of the environment of whoever prints it."""
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
    from agent.__main__ import OneLineParser, program  # noqa: PLC0415 — which imports this

    parser = OneLineParser(
        prog=f"{program()} install-unit",
        description=f"""\
Prints units for systemd on stdout, for {FOLDER}. Settings stand in
{CONFIG}, the address of the API at least.

    %(prog)s            both: a service that reports once, and its timer
    %(prog)s service    the first of them
    %(prog)s timer      the second
    %(prog)s daemon     instead of both: a service that stays in memory
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
        help="how often it reports (300)",
    )
    return parser


def _interval(text: str) -> float:
    try:
        return check_interval(text)
    except (ValueError, WrongSetting) as error:
        raise argparse.ArgumentTypeError(str(error)) from None
