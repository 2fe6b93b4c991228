"""Who is logged in."""

from __future__ import annotations

import logging
import struct
import sys
from typing import TYPE_CHECKING, NamedTuple

from agent.collectors import libsystemd, logind
from agent.collectors.stale_logins import without_dead
from agent.machine import read_bytes

if TYPE_CHECKING:
    from agent.machine import Machine

_LARGEST_UTMP = 64 << 20
_USER_PROCESS = 7
_LAST_TYPE = 9  # ACCOUNTING
# The members of struct utmp up to ut_host lie alike everywhere: type, process, line, id, user,
# host. What follows holds 32-bit times in 384-byte records (x86, ppc64, s390x) and 64-bit times
# in 400-byte records (aarch64, riscv64, loongarch64): __WORDSIZE_TIME64_COMPAT32 in glibc's
# bits/wordsize.h. All in the byte order of the machine.
_MEMBERS = "h2xi32s4s32s256s"
_LAYOUTS = tuple((order, size) for size in (384, 400) for order in "<>")
_TIME = {384: (340, "i"), 400: (344, "q")}
_log = logging.getLogger("agent")


class Login(NamedTuple):
    """pid is None where the system does not know it.

    origin: the host (or the display) that the user came from
    since: whole seconds since 1970
    """

    pid: int | None
    user: str
    terminal: str = ""
    origin: str = ""
    since: int | None = None


class Logins(NamedTuple):
    """source: logind, utmp, or desconocida if neither could be asked; None on Windows."""

    source: str | None
    logins: list[Login]


def collect(machine: Machine) -> Logins:
    errors = []
    if machine.rootfs is None:
        if not sys.platform.startswith("linux"):
            # macOS keeps utmpx(5), which psutil reads; Windows has nothing of the kind.
            return Logins("utmp" if sys.platform == "darwin" else None, _psutil_logins())
        for read_sessions in (libsystemd.read_sessions, logind.read_sessions):
            try:
                return Logins("logind", [Login(*session) for session in read_sessions()])
            except logind.Unusable as error:
                errors.append(str(error))
        if logind.is_running():
            _log.warning("logind does not say who is logged in: %s", "; ".join(errors))
    # On Linux psutil reads the same file, and its native part would have to be loaded for that.
    found = _utmp_logins(machine)
    if found is not None:
        return Logins("utmp", found)
    _log.warning("cannot tell who is logged in: %s", "; ".join([*errors, "there is no utmp file"]))
    return Logins("desconocida", [])


def _psutil_logins() -> list[Login]:
    from agent import native  # noqa: PLC0415 — Linux does without

    return [
        Login(
            int(entry.pid) if entry.pid else None,
            str(entry.name),
            entry.terminal or "",
            entry.host or "",
            int(entry.started) if entry.started else None,
        )
        for entry in native.load_psutil().users()
    ]


def _utmp_logins(machine: Machine) -> list[Login] | None:
    """None if there is no such file, as on Debian 13, Alpine and in most containers."""
    for path in ("/run/utmp", "/var/run/utmp"):
        try:
            listed = parse_utmp(read_bytes(machine.root(path), _LARGEST_UTMP))
        except OSError:
            continue
        return without_dead(machine, listed)
    return None


def parse_utmp(data: bytes) -> list[Login]:
    """The logins in a utmp file, see utmp(5), of whichever machine it comes from.

    An end that is cut short, as when the file is just being written, is left out.
    """
    order, size = _layout(data)
    logins = []
    for start in range(0, len(data) - size + 1, size):
        kind, pid, line, _id, user, host = struct.unpack_from(order + _MEMBERS, data, start)
        if kind == _USER_PROCESS and user[:1] != b"\0":
            at, form = _TIME[size]
            since = struct.unpack_from(order + form, data, start + at)[0]
            logins.append(
                Login(
                    pid if pid > 0 else None, _text(user), _text(line), _text(host), since or None
                )
            )
    return logins


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")


def _layout(data: bytes) -> tuple[str, int]:
    """Byte order and size of the records: those under which the types make sense and all fits."""

    def plausible(layout: tuple[str, int]) -> tuple[int, int, bool]:
        order, size = layout
        kinds = [
            struct.unpack_from(order + "h", data, start)[0]
            for start in range(0, len(data) - 1, size)
        ]
        insane = sum(not 0 <= kind <= _LAST_TYPE for kind in kinds)
        # Read with the wrong size, records seem empty: a type is looked for where only padding is.
        return -insane, sum(kind > 0 for kind in kinds), len(data) % size == 0

    return max(_LAYOUTS, key=plausible)
