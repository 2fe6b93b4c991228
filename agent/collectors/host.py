"""The host name, and the kernel release."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING

from agent.collectors import operating_system, windows
from agent.machine import read_text

if TYPE_CHECKING:
    from agent.machine import Machine


def name(machine: Machine) -> str | None:
    """The host name; for a tree, the one in its /etc/hostname, see hostname(5)."""
    if machine.rootfs is None:
        return socket.gethostname() or None
    try:
        return parse_hostname(read_text(machine.root("/etc/hostname"), 4096))
    except OSError:
        return None


def parse_hostname(text: str) -> str | None:
    lines = (line.strip() for line in text.split("\n"))
    return next((line for line in lines if line and not line.startswith("#")), None)


def kernel(machine: Machine) -> str | None:
    """The kernel release, such as 6.1.0-18-amd64; on Windows such as 10.0.22631.4317."""
    if sys.platform == "win32":
        return windows.release().kernel
    return operating_system.kernel(machine).version
