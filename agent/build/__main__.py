"""The command of the build: python -m agent.build."""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from agent import __version__
from agent.build import archive, wheels
from agent.build.bytecode import Bytecode, compile_with
from agent.build.interpreters import interpreters

_ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m agent.build",
        description="Builds the agent as one file, for every system and every Python from 3.9 on.",
    )
    parser.add_argument(
        "--output", type=Path, metavar="FILE", default=_ROOT / "dist" / "compliance-agent.pyz"
    )
    parser.add_argument(
        "--wheels",
        type=Path,
        metavar="FOLDER",
        default=_ROOT / "var" / "wheels",
        help="the folder of downloaded wheels (default: var/wheels)",
    )
    parser.add_argument(
        "--sources-only",
        action="store_true",
        help="omit bytecode: smaller, identical wherever it is built, and slower to start",
    )
    options = parser.parse_args()
    try:
        files, versions = contents(options.wheels, with_bytecode=not options.sources_only)
        archive.write(options.output, files)
    except (wheels.WheelError, OSError, subprocess.CalledProcessError) as error:
        parser.exit(1, f"{parser.prog}: error: {error}\n")
    built = options.output.read_bytes()
    sys.stdout.write(
        f"{options.output}: compliance-agent {__version__}, {len(built)} bytes\n"
        f"  sha256 {hashlib.sha256(built).hexdigest()}\n"
        f"  bytecode for Python {', '.join(versions) or '(none)'}\n"
    )
    return 0


def contents(wheel_folder: Path, *, with_bytecode: bool) -> tuple[dict[str, bytes], list[str]]:
    """The files of the zip by name, and the Python versions of its bytecode.

    Raises WheelError, OSError or CalledProcessError.
    """
    wheel_folder.mkdir(parents=True, exist_ok=True)
    files = {"__main__.py": archive.bootstrap()}
    archive.merge(files, {f"source/{n}": text for n, text in archive.agent_sources().items()})
    for wheel in wheels.locked_wheels():
        content = wheels.read(wheels.fetch(wheel, wheel_folder))
        archive.merge(files, archive.sort_wheel(wheel, content))
    pythons = interpreters() if with_bytecode else {}

    def compile_for(version: tuple[int, int]) -> Bytecode:
        return compile_with(pythons[version], modules_for(version, files))

    with ThreadPoolExecutor(2) as pool:
        compiled = list(pool.map(compile_for, pythons))  # which read the files until the last ends
    for bytecode in compiled:
        archive.merge(files, {f"bytecode/{bytecode.magic}": bytecode.table})
    return files, [f"{major}.{minor}" for major, minor in pythons]


def modules_for(version: tuple[int, int], files: dict[str, bytes]) -> dict[str, bytes]:
    """The modules in the zip for a version of Python, as bootstrap.py selects them."""
    chosen = ("source/", "python3.9/" if version < (3, 10) else "python3.10/")
    return {
        name.split("/", 1)[1]: text
        for name, text in files.items()
        if name.startswith(chosen) and name.endswith(".py")
    }


if __name__ == "__main__":
    sys.exit(main())
