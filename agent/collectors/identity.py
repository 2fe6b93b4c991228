"""The identity of the machine: stable for an installation, whatever its address.

The raw identifiers are confidential (machine-id(5)) and never leave the machine. The report
contains a hash keyed by them, as the documentation of systemd advises.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from agent.collectors import windows
from agent.machine import read_text

if TYPE_CHECKING:
    from agent.machine import Machine

# Random, and specific to this agent. With another value every machine would get a new identity.
APPLICATION_ID = "b89ab5e90f4e4895b8aa6f72ea2144f6"
_MACHINE_ID = re.compile(r"[0-9a-fA-F]{32}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_COMMAND_SECONDS = 5


def collect(machine: Machine) -> str | None:
    """32 hexadecimal digits; None for a machine without an identity."""
    if machine.rootfs is None and sys.platform == "darwin":
        raw = parse_uuid(_ioreg())
    elif machine.rootfs is None and sys.platform == "win32":
        raw = parse_uuid(_machine_guid())
    else:
        raw = _machine_id(machine)
    return None if raw is None else app_specific_id(raw)


def app_specific_id(raw: str) -> str:
    """The result of sd_id128_get_machine_app_specific(3).

    HMAC-SHA256 of the application id, keyed by the machine id, truncated to 128 bits and marked
    as a UUID of version 4.
    """
    import hashlib  # noqa: PLC0415 — urllib3 imports it as well
    import hmac  # noqa: PLC0415

    digest = hmac.new(bytes.fromhex(raw), bytes.fromhex(APPLICATION_ID), hashlib.sha256).digest()
    octets = bytearray(digest[:16])
    octets[6] = (octets[6] & 0x0F) | 0x40
    octets[8] = (octets[8] & 0x3F) | 0x80
    return octets.hex()


def _machine_id(machine: Machine) -> str | None:
    # D-Bus has its own file on systems without systemd; see dbus-uuidgen(1).
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        try:
            raw = parse_machine_id(read_text(machine.root(path), 4096))
        except OSError:
            continue
        if raw is not None:
            return raw
    return None


def parse_machine_id(text: str) -> str | None:
    """The identifier in lower case; None if it is invalid, empty or `uninitialized`.

    machine-id(5) allows the last two in images and during the first boot.
    """
    raw = text.strip()
    return raw.lower() if _MACHINE_ID.fullmatch(raw) and raw.strip("0") else None


def parse_uuid(text: str) -> str | None:
    """The first UUID in a text, as 32 hexadecimal digits."""
    found = _UUID.search(text)
    raw = found.group().replace("-", "").lower() if found else ""
    return raw if raw.strip("0") else None


def _ioreg() -> str:
    import subprocess  # noqa: PLC0415 — only needed on macOS

    command = ["/usr/sbin/ioreg", "-rd1", "-c", "IOPlatformExpertDevice"]
    shown = subprocess.run(  # noqa: S603 — a fixed command
        command, capture_output=True, text=True, timeout=_COMMAND_SECONDS, check=False
    ).stdout
    return ioplatform_line(shown)


def ioplatform_line(shown: str) -> str:
    return next((line for line in shown.splitlines() if "IOPlatformUUID" in line), "")


def _machine_guid() -> str:
    values = windows.registry_values(r"SOFTWARE\Microsoft\Cryptography", ("MachineGuid",))
    return str(values.get("MachineGuid", ""))
