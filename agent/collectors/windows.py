r"""Facts of Windows: product, build and processor, from the registry.

The module `platform` starts `cmd` or queries WMI, gives the architecture of the Python, and cannot
tell Windows Server 2019 from Windows 10 1809: both are 10.0.17763.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_CURRENT_VERSION = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion"
_PROCESSOR = r"HARDWARE\DESCRIPTION\System\CentralProcessor\0"
_ENVIRONMENT = r"SYSTEM\CurrentControlSet\Control\Session Manager\Environment"
_FIRST_BUILD_OF_11 = 22000
# The first build of each product, by Microsoft's release information; newest first.
_CLIENTS = ((_FIRST_BUILD_OF_11, "Windows 11"), (10240, "Windows 10"))
_SERVERS = (
    (26100, "Windows Server 2025"),
    (20348, "Windows Server 2022"),
    (17763, "Windows Server 2019"),
    (14393, "Windows Server 2016"),
)
# IMAGE_FILE_MACHINE_* of winnt.h, named as in PROCESSOR_ARCHITECTURE.
_MACHINES = {0x014C: "x86", 0x01C4: "ARM", 0x8664: "AMD64", 0xAA64: "ARM64"}


class Release(NamedTuple):
    """name: the product, such as Windows 11 Pro
    build: build and update revision, such as 22631.4317
    kernel: the same after the version of the kernel, such as 10.0.22631.4317
    """

    name: str
    build: str
    kernel: str


def release() -> Release:
    names = ("ProductName", "InstallationType", "CurrentBuildNumber", "CurrentBuild", "UBR")
    try:
        values = registry_values(_CURRENT_VERSION, names)
    except OSError:  # denied
        values = {}
    system: Any = sys  # typeshed has getwindowsversion() on Windows only
    return parse_release(values, tuple(system.getwindowsversion()[:3]))


def parse_release(values: Mapping[str, object], version: tuple[int, int, int]) -> Release:
    """The release by the values of the registry key CurrentVersion; all may be missing.

    version: major, minor and build by sys.getwindowsversion()
    """
    major, minor, build = version
    for name in ("CurrentBuildNumber", "CurrentBuild"):
        text = str(values.get(name, ""))
        if re.fullmatch(r"[0-9]{1,9}", text):
            build = int(text)
            break
    revision = values.get("UBR")
    full = f"{build}.{revision}" if isinstance(revision, int) else f"{build}"
    return Release(_product(values, build), full, f"{major}.{minor}.{full}")


def _product(values: Mapping[str, object], build: int) -> str:
    """Client or server by InstallationType: Client, Server, Server Core or Nano Server.

    The client's ProductName still says Windows 10 on Windows 11. A server's is used unless it
    names a client, as some images do.
    """
    product = str(values.get("ProductName", "")).strip()
    kind = str(values.get("InstallationType", "")) or product
    if "Server" in kind:
        if product and not re.search(r"\bWindows [0-9]", product):
            return product
        return _by_build(_SERVERS, build) or "Windows Server"
    if build >= _FIRST_BUILD_OF_11:
        product = re.sub(r"\bWindows 10\b", "Windows 11", product)
    return product or _by_build(_CLIENTS, build) or "Windows"


def _by_build(products: Iterable[tuple[int, str]], build: int) -> str | None:
    return next((name for first, name in products if build >= first), None)


def processor_name() -> str | None:
    try:
        values = registry_values(_PROCESSOR, ("ProcessorNameString",))
    except OSError:  # denied
        return None
    return str(values.get("ProcessorNameString", "")).strip() or None


def architecture() -> str:
    """The architecture of the machine: AMD64, ARM64 or x86; `unknown` if nothing tells it.

    A Python for another processor is emulated. Its PROCESSOR_ARCHITECTURE is then its own, and
    PROCESSOR_ARCHITEW6432 exists only for 32-bit programs.
    """
    native = _MACHINES.get(_native_machine())
    if native is not None:
        return native
    try:
        values = registry_values(_ENVIRONMENT, ("PROCESSOR_ARCHITECTURE",))
    except OSError:  # denied
        values = {}
    return (
        str(values.get("PROCESSOR_ARCHITECTURE", ""))
        or os.environ.get("PROCESSOR_ARCHITEW6432")
        or os.environ.get("PROCESSOR_ARCHITECTURE")
        or "unknown"
    )


def _native_machine() -> int:
    """The machine by IsWow64Process2(), which exists since Windows 10 1511; 0 if unknown."""
    try:
        import ctypes  # noqa: PLC0415 — only needed on Windows

        library: Any = ctypes
        kernel32 = library.WinDLL("kernel32")
        ask = kernel32.IsWow64Process2
    except (ImportError, OSError, AttributeError):  # a Python without ctypes, or an older Windows
        return 0
    kernel32.GetCurrentProcess.restype = ctypes.c_void_p  # a handle has 64 bits
    ask.argtypes = [ctypes.c_void_p, *[ctypes.POINTER(ctypes.c_ushort)] * 2]
    program, machine = ctypes.c_ushort(), ctypes.c_ushort()
    answered = ask(kernel32.GetCurrentProcess(), ctypes.byref(program), ctypes.byref(machine))
    return machine.value if answered else 0


def registry_values(path: str, names: Iterable[str]) -> dict[str, object]:
    """The values that exist in a key below HKEY_LOCAL_MACHINE.

    The 64-bit view is read. The view of a 32-bit Python lacks keys, and has other product names.
    Raises OSError if the key is missing or denied.
    """
    import winreg as registry  # noqa: PLC0415 — only exists on Windows

    windows: Any = registry  # typeshed has its members on Windows only
    access = windows.KEY_READ | windows.KEY_WOW64_64KEY
    values: dict[str, object] = {}
    with windows.OpenKey(windows.HKEY_LOCAL_MACHINE, path, 0, access) as key:
        for name in names:
            try:
                values[name] = windows.QueryValueEx(key, name)[0]
            except OSError:  # missing in this release
                continue
    return values
