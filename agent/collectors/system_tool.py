"""Runs a tool of the system for a fact that no file contains."""

from __future__ import annotations

import os

TOOL_SECONDS = 5


def tool_output(*command: str, **environment: str) -> str:
    """The standard output of a command in English; empty if it is missing, fails to start or hangs.

    environment: additional variables
    """
    import subprocess  # noqa: PLC0415 — rarely needed

    try:
        done = subprocess.run(  # noqa: S603 — a fixed command
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C", **environment},
            timeout=TOOL_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):  # the tool is missing or hangs
        return ""
    return done.stdout.decode("utf-8", "replace")
