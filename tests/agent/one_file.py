"""Builds, runs and inspects compliance-agent.pyz."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

import agent
from agent.build import wheels

PROJECT = Path(agent.__file__).parents[1]
WHEELS = PROJECT / "var" / "wheels"

# Loads psutil from the .pyz in argv[1] and prints the path of its native part.
LOOK = """
import os, runpy, sys
file = sys.argv[1]
runpy.run_path(file, run_name="look")["find_modules"](file)
from agent import native
try:
    psutil = native.load_psutil()
except native.PsutilUnavailableError as error:
    print("unavailable:", error)
else:
    assert psutil.__file__.startswith(file), psutil.__file__
    assert psutil.Process().pid == os.getpid()
    print(sys.modules["psutil._psutil_linux"].__file__)
"""


def missing(reason: str) -> NoReturn:
    """A requirement of the test is missing: skip it, but fail in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def build(output: Path, *options: str, python: str = sys.executable, **settings: Any) -> str:
    """Build the file as in the README; returns the output of the command."""
    command = [python, "-m", "agent.build", "--output", str(output), "--wheels", str(WHEELS)]
    done = subprocess.run(
        [*command, *options],
        check=False,
        **{"cwd": PROJECT, "capture_output": True, "text": True, **settings},
    )
    if wheels.WheelError.__name__ in done.stderr or "pip cannot download" in done.stderr:
        missing(f"the wheels cannot be downloaded: {done.stderr}")
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


def environment(**variables: str) -> dict[str, str]:
    """The present environment with these variables, without settings that affect the tests."""
    left_out = ("HOME", "XDG_CACHE_HOME", "CACHE_DIRECTORY", "TMPDIR", "TEMP", "TMP")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name == "COMPLIANCE_AGENT_SPOOL"  # set by conftest.py
        or (name not in left_out and not name.startswith(("COMPLIANCE_", "PYTHON")))
    }
    return {**kept, **variables}


def run(*command: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    options.setdefault("env", environment())
    return subprocess.run(
        [str(word) for word in command],
        check=False,
        **{"capture_output": True, "text": True, "timeout": 100, **options},
    )


def run_mounted(mounts: str, *command: str | Path, **options: Any) -> Any:
    """Run a command in its own mount namespace, after a shell script that mounts."""
    if os.getuid() != 0:
        missing("only root can mount")
    return run("unshare", "--mount", "sh", "-ec", f'{mounts}\nexec "$@"', "sh", *command, **options)


def shown(done: subprocess.CompletedProcess[str]) -> dict[int, tuple[str, str]]:
    """Name and user, by process id, in a report that --print showed."""
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["procesos"]
    return {row["pid"]: (row["name"], row["username"]) for row in rows}
