"""A home folder in which the tests load native code."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path
from typing import Any

from tests.agent.one_file import LOOK, environment, run, run_mounted


class Place:
    """A folder with a home, and the .pyz that loads psutil there."""

    def __init__(self, folder: Path, pyz: Path, python: str) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir(mode=0o755)
        self.cache = self.home / ".cache" / "compliance-agent"
        self.mark = folder / "loaded-by-mistake"
        self.python = python
        self.command = [python, "-I", "-c", LOOK, str(pyz)]

    def look(self, uid: int = 0, mounts: str = "", **variables: str) -> str:
        """The path of the loaded native part of psutil, or the reason why there is none."""
        settings = {"HOME": str(self.home), **variables}
        settings = {name: value for name, value in settings.items() if value != "unset"}
        options: dict[str, Any] = {"env": environment(**settings), "cwd": "/"}
        if uid:
            options |= {"user": uid, "group": uid, "extra_groups": []}
        run_it = functools.partial(run_mounted, mounts) if mounts else run
        done = run_it(*self.command, **options)
        assert (done.returncode, done.stderr) == (0, "")
        return str(done.stdout.strip())

    def cached(self) -> list[Path]:
        return sorted(self.cache.iterdir()) if self.cache.exists() else []


def assert_from_temporary(path: str) -> None:
    """The path was in a temporary folder, which is removed."""
    assert "\n" not in path
    assert path.startswith(f"{tempfile.gettempdir()}/compliance-agent-")
    assert not Path(path).parent.exists()
