"""Finds the build of psutil for the running Python."""

# pathlib would lengthen the start.
# ruff: noqa: PTH123
from __future__ import annotations

import struct
import sys

# e_machine of elf(5) for the processors that psutil supports.
_MACHINES = {62: "x86_64", 183: "aarch64"}
_ELF64_LITTLE = b"\x7fELF\x02\x01"
_PT_INTERP = 3
_MAX_HEADER_BYTES = 1 << 16


def matching_build() -> str | None:
    """linux-x86_64-glibc, linux-aarch64-musl, macos-arm64, windows-amd64 …; None if there is none.

    The builds use the stable ABI, which only CPython has, without its free-threaded variant.
    """
    if sys.implementation.name != "cpython" or _is_free_threaded():
        return None
    if sys.platform.startswith("linux"):
        return _of_running_program()
    import sysconfig  # noqa: PLC0415 — only needed on these systems

    # Such as macosx-11.0-arm64, macosx-10.9-universal2, win-amd64. The platform of the Python
    # counts, not that of the machine: an x86-64 Python runs on ARM on both systems.
    platform = sysconfig.get_platform()
    if sys.platform == "darwin":
        import os  # noqa: PLC0415 — only a running universal binary knows its half

        return "macos-" + os.uname().machine
    return platform.replace("win-", "windows-") if platform.startswith("win-") else None


def _is_free_threaded() -> bool:
    """Whether this Python was built without the global lock (PEP 703).

    Windows has no sys.abiflags; its sysconfig contains Py_GIL_DISABLED since Python 3.13.
    """
    if "t" in getattr(sys, "abiflags", ""):
        return True
    if sys.platform.startswith("linux"):  # abiflags suffices, and sysconfig loads slowly
        return False
    import sysconfig  # noqa: PLC0415 — only needed on other systems

    return bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def _of_running_program() -> str | None:
    # /proc/self/exe is the program itself; sys.executable may be empty, a link or a script.
    for path in ("/proc/self/exe", sys.executable):
        try:
            with open(path, "rb") as file:
                return parse_elf(file.read(_MAX_HEADER_BYTES))
        except OSError:
            continue
    return None


def parse_elf(start: bytes) -> str | None:
    """The build for a program, by the start of its file; see elf(5).

    The processor is that of the program, not of the kernel: a 32-bit Python runs on a 64-bit
    kernel. The interpreter of the program (PT_INTERP) identifies the C library:
    ld-linux-x86-64.so.2 or ld-musl-x86_64.so.1. A program without one is static and loads no
    native code.
    """
    try:
        machine = _MACHINES.get(struct.unpack_from("<H", start, 18)[0])
        if not start.startswith(_ELF64_LITTLE) or machine is None:
            return None
        interpreter = _interpreter(start)
    except struct.error:  # truncated
        return None
    name = interpreter.rsplit(b"/", 1)[-1]
    # On NixOS and others its folder differs, but not its name.
    for prefix, libc in ((b"ld-linux-", "glibc"), (b"ld-musl-", "musl")):
        if name.startswith(prefix):
            return f"linux-{machine}-{libc}"
    return None


def _interpreter(start: bytes) -> bytes:
    """The path in the program header of type PT_INTERP; empty if there is none."""
    (table,) = struct.unpack_from("<Q", start, 32)
    size, count = struct.unpack_from("<HH", start, 54)
    for number in range(count):
        header = table + number * size
        (kind,) = struct.unpack_from("<I", start, header)
        if kind == _PT_INTERP:
            offset, length = struct.unpack_from("<Q16xQ", start, header + 8)
            return start[offset : offset + length].rstrip(b"\0")
    return b""
