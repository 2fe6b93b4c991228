"""The standard streams, any of which may be closed or broken.

A service manager, cron or a shell (`2>&-`) may start the agent without them, and `pythonw` on
Windows always does: then sys.stdout and sys.stderr are None.
"""

# ruff: noqa: PTH123
from __future__ import annotations

import os
import sys
from typing import TextIO


def open_missing() -> None:
    """Open the null device in place of closed streams.

    Otherwise the next file or socket would get the number 1 or 2, and messages of libraries and
    child processes would be written into it. sys.stdout stays None.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)  # the lowest free number
            if opened == number and os.name == "posix":
                os.set_inheritable(opened, True)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 — until the end


def write_stdout(content: bytes) -> str | None:
    """Write to stdout; returns why it failed, or None.

    A reader that closes the pipe early (`| head`) is no failure.
    """
    if sys.stdout is None:
        return "it is closed"
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
    except BrokenPipeError:
        discard(sys.stdout)
    except OSError as error:
        discard(sys.stdout)
        return str(error.strerror)
    return None


def discard(stream: TextIO) -> None:
    """Send the rest of a broken stream to the null device; Python flushes it once more at exit."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)
