"""User names by user id."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from agent.collectors.deadline import NoAnswerError, answer
from agent.machine import Machine, read_text

if TYPE_CHECKING:
    from collections.abc import Iterable

try:
    import pwd
except ImportError:  # Windows has no user database of this kind
    pwd = None  # type: ignore[assignment]

LOOKUP_SECONDS = 8.0
_MAX_PASSWD_BYTES = 64 << 20
# nsswitch.conf(5) names more sources than passwd(5): altfiles of ostree systems, and extrausers of
# Ubuntu Core. A Python linked with musl does not read nsswitch.conf, and an ostree system that is
# not booted has its accounts below /usr/etc.
_FILES = ("/etc/passwd", "/usr/lib/passwd", "/var/lib/extrausers/passwd", "/usr/etc/passwd")
# Answers for earlier reports, and when they were given. They count while the user database is slow.
_answers: dict[int, tuple[str | None, float]] = {}
_NEVER = (None, 0.0)
_log = logging.getLogger("agent")


def collect(
    machine: Machine, uids: Iterable[int], seconds: float = LOOKUP_SECONDS
) -> dict[int, str]:
    """The names of users; the user id as text if there is no account.

    A user database on the network may need seconds for a name. Users that it does not give within
    the time have the name of an earlier report, of a local file, or their id.
    """
    wanted = set(uids)
    names: dict[int, str] = {}
    if machine.rootfs is None and pwd is not None:
        names = _ask_database(wanted, seconds)
    missing = wanted - names.keys()
    if missing:
        in_files = _read_files(machine)
        names.update((uid, in_files.get(uid, str(uid))) for uid in missing)
    return names


def _ask_database(wanted: set[int], seconds: float) -> dict[int, str]:
    """The names that the database of this machine has; each user id is looked up once.

    Accounts change, so every report asks anew. The users whose answer is the oldest come first,
    so that a slow database gets through all of them in several reports.
    """
    found: dict[int, str | None] = {}
    late = threading.Event()

    def look_up() -> None:
        for uid in sorted(wanted, key=lambda uid: (_answers.get(uid, _NEVER)[1], uid)):
            if late.is_set():
                break
            found[uid] = _look_up(uid)

    try:
        answer("the user database", look_up, seconds)
    except NoAnswerError as error:
        late.set()
        count = len(wanted - dict(found).keys())
        _log.warning("%s; %d users have an earlier name or their id", error, count)
    now = time.monotonic()
    earlier = {uid: _answers[uid] for uid in wanted & _answers.keys()}
    _answers.clear()
    _answers.update(earlier)
    _answers.update((uid, (name, now)) for uid, name in dict(found).items())
    return {uid: name for uid, (name, _) in _answers.items() if name is not None}


def _look_up(uid: int) -> str | None:
    # Expected: processes of users without an account (containers, deleted users).
    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, OverflowError, OSError):
        return None


def _read_files(machine: Machine) -> dict[int, str]:
    names: dict[int, str] = {}
    for path in _FILES:
        # Expected: no system has all of them, and images "from scratch" have none.
        try:
            text = read_text(machine.root(path), _MAX_PASSWD_BYTES)
        except OSError:
            continue
        for uid, name in parse_passwd(text).items():
            names.setdefault(uid, name)
    return names


def parse_passwd(text: str) -> dict[int, str]:
    """Names by user id in a file of the format of passwd(5); the first entry of an id wins."""
    names: dict[int, str] = {}
    for line in text.split("\n"):
        fields = line.split(":")
        # Entries that begin with "+" or "-" belong to NIS and name no local account.
        if len(fields) >= 4 and fields[0] and fields[0][0] not in "+-#" and fields[2].isdecimal():
            names.setdefault(int(fields[2]), fields[0])
    return names
