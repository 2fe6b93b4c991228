"""Compiles the sources for one version of Python; run by that Python itself.

Reads a JSON object from stdin, texts of modules by their files, and writes one to stdout: the
magic number of this Python, and the code objects in base64.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import marshal
import os
import subprocess
import sys
import zlib
from typing import NamedTuple

# Later forms note which objects were shared in memory: that changes from run to run.
_FORM = 2


class Bytecode(NamedTuple):
    """What one version of Python loads: its magic number, and the table that bootstrap.py reads."""

    magic: int
    table: bytes


def compile_with(python: str, sources: dict[str, bytes]) -> Bytecode:
    """Compile modules, given by their files. Raises CalledProcessError."""
    # Constants that are sets are written in the order of their hashes.
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(  # noqa: S603
        [python, "-S", "-s", "-B", __file__],
        input=json.dumps({name: text.decode("utf-8") for name, text in sources.items()}),
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
        encoding="ascii",
    )
    answer = json.loads(done.stdout)
    table = {}
    for file in sorted(answer["codes"]):
        *packages, name = file[: -len(".py")].split("/")
        is_package = name == "__init__"
        module = ".".join(packages if is_package else [*packages, name])
        # Each by itself: a run imports half of them, and unpacking takes its time.
        code = zlib.compress(base64.b64decode(answer["codes"][file]), 9)
        table[module] = (is_package, code)
    return Bytecode(answer["magic"], marshal.dumps(table, _FORM))


def compiled(file: str, text: str) -> bytes:
    """The code of a module, which depends on file, text and the version of Python only."""
    code = compile(text, file, "exec", dont_inherit=True, optimize=2)
    try:
        return marshal.dumps(code, _FORM)
    except ValueError:  # Python 3.14 has constants that this form cannot hold
        return marshal.dumps(code)


def main() -> None:
    sources: dict[str, str] = json.load(sys.stdin)
    answer = {
        "magic": int.from_bytes(importlib.util.MAGIC_NUMBER[:2], "little"),
        "codes": {
            file: base64.b64encode(compiled(file, text)).decode() for file, text in sources.items()
        },
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
