"""Who is logged in, as systemd's login manager knows it; see loginctl(1)."""

from __future__ import annotations

import os
import re
from datetime import datetime, timezone
from typing import NamedTuple

COMMAND_SECONDS = 5.0
_RUNNING = "/run/systemd/system"  # see sd_booted(3)
_PROPERTIES = ("Id", "Name", "Leader", "TTY", "RemoteHost", "Class", "State", "Timestamp")
_MOST_GONE = 20
_ID = re.compile(r"[A-Za-z0-9]+")
_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.\d+)? UTC$")


class Unusable(Exception):  # noqa: N818 — the state of logind, as the caller reads it
    """The login manager cannot be asked: it is missing, refuses, hangs, or answers otherwise."""


class Session(NamedTuple):
    """A session of a user; leader is None where logind does not know it.

    since: whole seconds since 1970
    """

    leader: int | None
    user: str
    terminal: str
    origin: str
    since: int | None


def is_running() -> bool:
    return os.path.isdir(_RUNNING)  # noqa: PTH112 — see machine.py


def read_sessions() -> list[Session]:
    """The sessions of users, in logind's order. Raises Unusable."""
    shown: list[dict[str, str]] = []
    ids = parse_ids(_loginctl("list-sessions", "--no-legend")[0])
    for _ in range(_MOST_GONE):
        if not ids:
            break
        options = [word for name in _PROPERTIES for word in ("-p", name)]
        text, ended_well = _loginctl("show-session", *ids, *options)
        found = parse_properties(text)
        # systemd 232 and before answer the first session again and again (systemd issue #5733).
        if [session.get("Id") for session in found] != ids[: len(found)]:
            raise Unusable("loginctl answers other sessions than it was asked for")
        shown += found
        if ended_well and len(found) == len(ids):
            break
        # Expected: a session ends between the two commands. loginctl stops there, and the others
        # are asked for again.
        ids = ids[len(found) + 1 :]
    else:
        raise Unusable("sessions end faster than loginctl shows them")
    return [session for session in map(as_session, shown) if session is not None]


def parse_ids(listed: str) -> list[str]:
    """The sessions in what list-sessions prints: the first word of every line."""
    words = (line.split(None, 1)[0] for line in listed.splitlines() if line.strip())
    return [word for word in words if _ID.fullmatch(word)]


def parse_properties(shown: str) -> list[dict[str, str]]:
    """The sessions in what show-session prints: a property a line, an empty line between two.

    Properties without a value are left out or empty, by the version of systemd.
    """
    sessions = []
    for block in re.split(r"\n\s*\n", shown):
        pairs = (line.partition("=") for line in block.splitlines())
        session = {name: value for name, equals, value in pairs if equals}
        if session:
            sessions.append(session)
    return sessions


def as_session(properties: dict[str, str]) -> Session | None:
    """None for what is no login of a person.

    The classes of people begin with "user" (user-early, user-light, user-incomplete …); the others
    are greeter, lock-screen, background, background-light, manager, manager-early: see
    pam_systemd(8). A session that is closing is over: its user has logged out, and programs go on.
    """
    if not properties.get("Class", "user").startswith("user"):
        return None
    if properties.get("State") == "closing" or not properties.get("Name"):
        return None
    leader = properties.get("Leader", "")
    terminal = properties.get("TTY", "")
    return Session(
        int(leader) if leader.isdecimal() and int(leader) else None,
        properties["Name"],
        re.sub("^/dev/", "", terminal),
        properties.get("RemoteHost", ""),
        parse_moment(properties.get("Timestamp", "")),
    )


def parse_moment(text: str) -> int | None:
    """`Tue 2025-04-01 12:02:46 UTC` in seconds since 1970; None for anything else."""
    found = _MOMENT.search(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = map(int, found.groups())
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)
    except ValueError:
        return None
    return int(moment.timestamp())


def _loginctl(*arguments: str) -> tuple[str, bool]:
    """What it prints, and whether it ended well; its times are in UTC, its words in English."""
    if not any(os.access(f"{folder}/loginctl", os.X_OK) for folder in os.get_exec_path()):
        raise Unusable("loginctl is not installed")
    import subprocess  # noqa: PLC0415 — costs 6 ms, and is needed only here

    environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC", "SYSTEMD_COLORS": "0"}
    try:
        done = subprocess.run(  # noqa: S603 — what the arguments come from is checked
            ["loginctl", "--no-pager", *arguments],  # noqa: S607 — wherever the system has it
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=COMMAND_SECONDS,
            check=False,
            env=environment,
        )
    except OSError as error:
        raise Unusable(f"loginctl: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise Unusable(f"loginctl gave no answer within {COMMAND_SECONDS:g} s") from error
    if done.returncode and not done.stdout:
        said = done.stderr.decode("utf-8", "replace").strip() or f"exit code {done.returncode}"
        if arguments[0] == "list-sessions":
            raise Unusable(f"loginctl: {said.splitlines()[0]}")
    return done.stdout.decode("utf-8", "surrogateescape"), done.returncode == 0
