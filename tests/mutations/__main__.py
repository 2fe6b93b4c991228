"""Puts small faults into a copy of the code, one at a time, and runs the tests that must notice.

python -m tests.mutations [TEXT]
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.mutations.assessments import ASSESSMENT_MUTATIONS
from tests.mutations.group import Mutation
from tests.mutations.moments import MOMENT_MUTATIONS
from tests.mutations.periods import PERIOD_MUTATIONS
from tests.mutations.queries import QUERY_MUTATIONS
from tests.mutations.store import STORE_MUTATIONS
from tests.mutations.tokens import TOKEN_MUTATIONS

PROJECT = Path(__file__).resolve().parents[2]
MUTATIONS = (
    STORE_MUTATIONS
    + MOMENT_MUTATIONS
    + QUERY_MUTATIONS
    + PERIOD_MUTATIONS
    + TOKEN_MUTATIONS
    + ASSESSMENT_MUTATIONS
)
_FOLDERS = ("service", "sql", "schemas", "tests", "agent")
_FILES = ("pyproject.toml", "gunicorn.conf.py", "README.md")
_TIMEOUT_SECONDS = 600
_PASSED, _FAILED = 0, 1  # exit codes of pytest; it has others for a run that could not be made


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("text", nargs="?", default="", help="try mutations with this text only")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="copies at a time")
    options = parser.parse_args()
    chosen = [mutation for mutation in MUTATIONS if options.text in str(mutation)]
    if not chosen:
        parser.error(f"no mutation has the text {options.text!r}")
    with tempfile.TemporaryDirectory() as name:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(options.jobs):
            copies.put(_copy(Path(name) / str(number)))
        return _try_all(chosen, copies, options.jobs)


def _try_all(chosen: Sequence[Mutation], copies: SimpleQueue[Path], jobs: int) -> int:
    """Returns the exit code: 1 if a mutation survives, or the tests fail without any."""
    copy = copies.get()
    exit_code, output = _run(copy, sorted({test for each in chosen for test in each.tests}))
    if exit_code != _PASSED:
        print(f"{output}\nthe tests fail without a mutation")
        return 1
    copies.put(copy)
    killed = 0
    with ThreadPoolExecutor(jobs) as pool:
        outcomes = pool.map(lambda mutation: _try(mutation, copies), chosen)
        for mutation, outcome in zip(chosen, outcomes, strict=True):
            killed += outcome == "killed"
            print(f"{outcome:8} {mutation}", flush=True)
    print(f"killed: {killed} of {len(chosen)}")
    return 0 if killed == len(chosen) else 1


def _try(mutation: Mutation, copies: SimpleQueue[Path]) -> str:
    copy = copies.get()
    try:
        path = copy / mutation.file
        whole = path.read_text(encoding="utf-8")
        path.write_text(mutation.applied_to(whole), encoding="utf-8")
        exit_code, _ = _run(copy, mutation.tests)
        path.write_text(whole, encoding="utf-8")
    finally:
        copies.put(copy)
    return {_PASSED: "SURVIVED", _FAILED: "killed"}.get(exit_code, "NOT RUN")


def _run(copy: Path, tests: Iterable[str]) -> tuple[int, str]:
    """The exit code and the output of pytest. Tests that hang have failed."""
    plugins = ["-p", "no:cacheprovider", "-p", "tests.mutations.no_shrinking"]
    options = ["-q", "-x", "-n", "0", "--hypothesis-seed=0", *plugins]
    try:
        done = subprocess.run(
            [sys.executable, "-B", "-m", "pytest", *options, *tests],
            cwd=copy,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _FAILED, "timeout"
    return done.returncode, done.stdout


def _copy(folder: Path) -> Path:
    folder.mkdir()
    for name in _FOLDERS:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PROJECT / name, folder / name, ignore=ignored)
    for name in _FILES:
        shutil.copy(PROJECT / name, folder / name)
    return folder


if __name__ == "__main__":
    sys.exit(main())
