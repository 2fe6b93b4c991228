"""What compliance-agent.pyz starts with, as its __main__.py.

Every Python since 2.7 must be able to read this file: an old one is told so in plain words.
"""

# That rules out annotations and newer syntax; and pathlib costs start-up time.
# ruff: noqa: ANN001, ANN201, RUF005, PTH100, PTH118

import sys

if sys.version_info < (3, 9):
    sys.stderr.write(
        "compliance-agent: error: Python 3.9 or later is needed, and %s is %d.%d\n"
        % ((sys.executable or "this",) + tuple(sys.version_info[:2]))
    )
    sys.exit(2)

import gc
import importlib.util
import os


def add_paths(archive):  # type: (str) -> None
    """Put the folders of the archive that fit this Python before those of the system.

    Bytecode fits a version of Python by its magic number. Where there is none that fits, the
    sources are compiled at every start.
    """
    magic = int.from_bytes(importlib.util.MAGIC_NUMBER[:2], "little")
    urllib3 = "python3.9" if sys.version_info < (3, 10) else "python3.10"
    here = os.path.abspath(archive)
    # The archive itself stands first; as a folder of modules it has nothing to give.
    sys.path[:1] = [
        os.path.join(here, folder) for folder in ("bytecode-%d" % magic, "source", urllib3)
    ]


def run():  # type: () -> None
    """Run the agent and end the process."""
    # Importing makes many objects and no garbage: looking for it takes a tenth of a short run.
    gc.set_threshold(100000)
    from agent.__main__ import main  # noqa: PLC0415 — the paths to it must be known

    code = main()
    # So does taking Python apart at the end. Nothing is left to be done but this.
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (AttributeError, OSError, ValueError):  # closed, or nobody reads it
        sys.exit(code)
    os._exit(code)


if __name__ == "__main__":
    add_paths(sys.path[0])
    run()
