"""The __main__.py of compliance-agent.pyz.

Every Python since 2.7 must parse this file, so that an old one can print a clear error.
"""

# So there are no annotations and no newer syntax. pathlib would lengthen the start.
# ruff: noqa: ANN001, ANN201, ANN204, RUF005, PTH100, PTH118, S102, S302

import sys

if sys.version_info < (3, 9):
    sys.stderr.write(
        "compliance-agent: error: Python 3.9 or later is needed, and %s is %d.%d\n"
        % ((sys.executable or "this",) + tuple(sys.version_info[:2]))
    )
    sys.exit(2)

import importlib.util
import marshal
import os
import zlib


class Modules(object):
    """Finds and loads the modules for one version of Python, all read at the start.

    Looking up each module in the zip would take a tenth of a short run. Besides, an agent that
    runs for days is not affected if its file is replaced by a newer one.
    """

    def __init__(self, archive, table):  # type: (str, dict[str, tuple[bool, bytes]]) -> None
        """table: by module name, whether it is a package, and its compressed code."""
        self.archive = archive
        self.get_data = __loader__.get_data  # type: ignore[name-defined]
        self._table = table

    def find_spec(self, name, _path=None, _target=None):  # type: ignore[no-untyped-def]
        if name not in self._table:
            return None
        is_package = self._table[name][0]
        path = os.path.join(self.archive, "source", *name.split("."))
        path += os.sep + "__init__.py" if is_package else ".py"
        return importlib.util.spec_from_file_location(
            name,
            path,
            loader=self,  # type: ignore[arg-type]
            submodule_search_locations=[] if is_package else None,
        )

    def create_module(self, _spec):  # type: (object) -> None
        """Use the default module."""

    def exec_module(self, module):  # type: ignore[no-untyped-def]
        code = zlib.decompress(self._table[module.__name__][1])
        exec(marshal.loads(code), module.__dict__)


def find_modules(archive):  # type: (str) -> None
    """Make the modules in the archive importable, before all others.

    The magic number of this Python selects the bytecode. If there is none for it, the sources are
    compiled at every start.
    """
    magic = int.from_bytes(importlib.util.MAGIC_NUMBER[:2], "little")
    here = os.path.abspath(archive)
    urllib3 = "python3.9" if sys.version_info < (3, 10) else "python3.10"
    # The archive itself is first in the path, but has no modules at its top level.
    sys.path[:1] = [os.path.join(here, folder) for folder in ("source", urllib3)]
    try:
        table = __loader__.get_data(  # type: ignore[name-defined]
            "bytecode" + os.sep + str(magic)
        )
    except OSError:
        return
    sys.meta_path.insert(0, Modules(here, marshal.loads(table)))


def run():  # type: () -> None
    """Run the agent and end the process."""
    from agent.__main__ import main  # noqa: PLC0415 — needs find_modules()

    code = main()
    # The shutdown of Python would take a tenth of a run, and nothing is left to do.
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (AttributeError, OSError, ValueError):  # closed
        sys.exit(code)
    os._exit(code)


if __name__ == "__main__":
    find_modules(sys.path[0])
    run()
