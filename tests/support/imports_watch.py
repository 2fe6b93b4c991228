"""Imports every module of service/ and agent/, and tells what that did beside importing.

Run by test_layout.py in a process of its own, so that each module is imported for the first time:
python -m tests.support.imports_watch. Prints one line for each side effect.
"""

from __future__ import annotations

import os
import pkgutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent.parent
WATCHED = ("open", "os.", "shutil.", "socket.", "sqlite3.", "subprocess.", "tempfile.", "signal.")
RUN_AS_COMMANDS = ("__main__",)  # importing these is running them


def our_line() -> str | None:
    """The line of ours that runs now; None where the import machinery was reached first."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith("<frozen importlib"):
            return None
        path = Path(file)
        if path.is_relative_to(PROJECT / "service") or path.is_relative_to(PROJECT / "agent"):
            return f"{path.relative_to(PROJECT)}:{frame.f_lineno}"
        frame = frame.f_back
    return None


def audit(event: str, args: tuple[Any, ...]) -> None:
    if event.startswith(WATCHED):
        line = our_line()
        if line is not None:
            sys.stdout.write(f"{line}: {event} {args[:1]!r}\n")


def telling(method: Callable[..., Any]) -> Callable[..., Any]:
    def read(*args: Any) -> Any:
        line = our_line()
        if line is not None:
            sys.stdout.write(f"{line}: reads the environment\n")
        return method(*args)

    return read


def main() -> None:
    os._Environ.__getitem__ = telling(os._Environ.__getitem__)  # type: ignore[method-assign]
    os._Environ.__iter__ = telling(os._Environ.__iter__)  # type: ignore[method-assign]
    sys.addaudithook(audit)
    for package in ("service", "agent"):
        for module in pkgutil.walk_packages([str(PROJECT / package)], f"{package}."):
            if not module.name.endswith(RUN_AS_COMMANDS):
                __import__(module.name)
                sys.stdout.write(f"imported {module.name}\n")


if __name__ == "__main__":
    main()
