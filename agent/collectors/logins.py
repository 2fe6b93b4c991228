"""Who is logged in."""

from __future__ import annotations

import struct
import sys
from typing import TYPE_CHECKING, NamedTuple

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


class Login(NamedTuple):
    """pid is None where the system does not know it."""

    pid: int | None
    user: str


def collect(machine: Machine) -> list[Login]:
    # On Linux psutil reads the same file, and its native part would have to be loaded for that.
    if machine.rootfs is not None or sys.platform.startswith("linux"):
        return _utmp_logins(machine)
    return _psutil_logins()


def _psutil_logins() -> list[Login]:
    from agent import native  # noqa: PLC0415 — Linux does without

    return [
        Login(int(entry.pid) if entry.pid else None, str(entry.name))
        for entry in native.load_psutil().users()
    ]


def _utmp_logins(machine: Machine) -> list[Login]:
    # Systems without utmp (Debian 13, Alpine, most containers) have neither file, and no login to
    # show.
    for path in ("/run/utmp", "/var/run/utmp"):
        try:
            return parse_utmp(read_bytes(machine.root(path), _LARGEST_UTMP))
        except OSError:
            continue
    return []


def parse_utmp(data: bytes) -> list[Login]:
    """The logins in a utmp file, see utmp(5), of whichever machine it comes from.

    An end that is cut short, as when the file is just being written, is left out.
    """
    order, size = _layout(data)
    logins = []
    for start in range(0, len(data) - size + 1, size):
        kind, pid, _line, _id, user, _host = struct.unpack_from(order + _MEMBERS, data, start)
        name = user.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")
        if kind == _USER_PROCESS and name:
            logins.append(Login(pid if pid > 0 else None, name))
    return logins


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
