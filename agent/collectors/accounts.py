"""Names of users by their number."""

from __future__ import annotations

from agent.machine import Machine, read_text

try:
    import pwd
except ImportError:  # Windows has no such database
    pwd = None  # type: ignore[assignment]

_MAX_PASSWD_BYTES = 64 << 20


class Accounts:
    """Looks each number up once; make a new one for each report, since accounts come and go.

    psutil's own Process.username() reads the user database again for every process.
    """

    def __init__(self, machine: Machine) -> None:
        self._names: dict[int, str] = {}
        self._local = machine.rootfs is None
        if not self._local:
            self._names = _read_passwd(machine)

    def name(self, uid: int) -> str:
        """The user's name; the number itself as text for a user without an account."""
        name = self._names.get(uid)
        if name is None:
            name = self._names[uid] = _local_name(uid) if self._local else str(uid)
        return name


def _local_name(uid: int) -> str:
    # Expected: processes run under numbers that have no account (containers, deleted users).
    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, AttributeError):
        return str(uid)


def _read_passwd(machine: Machine) -> dict[int, str]:
    # A tree without the file (an image "from scratch") simply has no names.
    try:
        return parse_passwd(read_text(machine.root("/etc/passwd"), _MAX_PASSWD_BYTES))
    except OSError:
        return {}


def parse_passwd(text: str) -> dict[int, str]:
    """Names by number, of a file as passwd(5) describes; the first entry of a number wins."""
    names: dict[int, str] = {}
    for line in text.split("\n"):
        fields = line.split(":")
        # "+" and "-" begin entries of NIS, which name no local account.
        if len(fields) >= 4 and fields[0] and fields[0][0] not in "+-#" and fields[2].isdecimal():
            names.setdefault(int(fields[2]), fields[0])
    return names
