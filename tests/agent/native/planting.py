"""A planted native module, which leaves a mark when it is loaded."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.agent import one_file

SOURCE = """
#include <fcntl.h>
#include <unistd.h>
__attribute__((constructor)) static void planted(void) {
    close(open("%s", O_CREAT | O_WRONLY, 0666));
}
void *PyInit__psutil_linux(void) { return 0; }
"""


def compile_trap(folder: Path, mark: Path) -> Path:
    """A shared library that creates the file `mark` when it is loaded."""
    if shutil.which("gcc") is None:
        one_file.missing("gcc is not installed")
    source, library = folder / "trap.c", folder / "trap.so"
    source.write_text(SOURCE % mark, "utf-8")
    done = one_file.run("gcc", "-shared", "-fPIC", "-o", library, source)
    assert done.returncode == 0, done.stderr
    library.chmod(0o755)
    return library


def as_user(python: str, uid: int, code: str, *arguments: str | Path) -> None:
    """Run code as another user, without the groups of root."""
    subprocess.run(
        [python, "-c", f"import os, shutil, sys; os.umask(0)\n{code}", *map(str, arguments)],
        cwd="/",
        user=uid,
        group=uid,
        extra_groups=[],
        check=True,
    )
