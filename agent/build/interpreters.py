"""Finds the Pythons on this machine that can run the agent."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST, NEWEST = 9, 19  # minor versions to look for


def interpreters() -> dict[tuple[int, int], str]:
    """A Python of each version from 3.9 on: the running one, or from PATH, or from pyenv."""
    found = {}
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for minor in range(OLDEST, NEWEST + 1):
        name = f"python3.{minor}"
        candidates = [shutil.which(name), *map(str, sorted(pyenv.glob(f"3.{minor}.*/bin/{name}")))]
        if sys.version_info[:2] == (3, minor):
            candidates.insert(0, sys.executable)
        path = next((path for path in candidates if path and _is(path, minor)), None)
        if path is not None:
            found[3, minor] = path
    return found


def _is(path: str, minor: int) -> bool:
    """Whether it runs and has this version; the shims of pyenv may not."""
    code = f"import sys; sys.exit(sys.version_info[:2] != (3, {minor}))"
    try:
        done = subprocess.run(  # noqa: S603
            [path, "-I", "-S", "-c", code], capture_output=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
