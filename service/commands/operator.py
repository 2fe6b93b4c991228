"""Who runs a command, for the audit log."""

from __future__ import annotations

import os
import pwd


def operator() -> str:
    """The account of the process, whatever LOGNAME or USER say; its number, if it has no name."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
