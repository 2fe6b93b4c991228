"""User names by user id."""

from __future__ import annotations

from agent.machine import Machine, read_text

try:
    import pwd
except ImportError:  # Windows has no user database of this kind
    pwd = None  # type: ignore[assignment]

_MAX_PASSWD_BYTES = 64 << 20


class Accounts:
    """Looks up each user id once. Create one per report, because accounts change.

    psutil's Process.username() reads the user database again for every process.
    """

    def __init__(self, machine: Machine) -> None:
        self._names: dict[int, str] = {}
        self._local = machine.rootfs is None
        if not self._local:
            self._names = _read_passwd(machine)

    def name(self, uid: int) -> str:
        """The name of a user; the user id as text if there is no account."""
        name = self._names.get(uid)
        if name is None:
            name = self._names[uid] = _local_name(uid) if self._local else str(uid)
        return name


def _local_name(uid: int) -> str:
    # Expected: processes of users without an account (containers, deleted users).
    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, AttributeError):
        return str(uid)


def _read_passwd(machine: Machine) -> dict[int, str]:
    # Expected: images "from scratch" have no such file.
    try:
        return parse_passwd(read_text(machine.root("/etc/passwd"), _MAX_PASSWD_BYTES))
    except OSError:
        return {}


def parse_passwd(text: str) -> dict[int, str]:
    """Names by user id in a file of the format of passwd(5); the first entry of an id wins."""
    names: dict[int, str] = {}
    for line in text.split("\n"):
        fields = line.split(":")
        # Entries that begin with "+" or "-" belong to NIS and name no local account.
        if len(fields) >= 4 and fields[0] and fields[0][0] not in "+-#" and fields[2].isdecimal():
            names.setdefault(int(fields[2]), fields[0])
    return names
