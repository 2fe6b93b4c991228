"""Compiles the sources for one version of Python; run by that Python.

Reads a JSON object from stdin, the sources by file name, and writes one to stdout: the magic
number of this Python, and the code objects in base64.
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

# Later versions of marshal record shared objects, which differ from run to run.
_MARSHAL_VERSION = 2


class Bytecode(NamedTuple):
    """The bytecode for one version of Python: its magic number, and the table for bootstrap.py."""

    magic: int
    table: bytes


def compile_with(python: str, sources: dict[str, bytes]) -> Bytecode:
    """Compile modules, given by file name. Raises CalledProcessError."""
    # Constant sets are written in the order of their hashes.
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
        # Compressed separately, because a run imports only half of them.
        code = zlib.compress(base64.b64decode(answer["codes"][file]), 9)
        table[module] = (is_package, code)
    return Bytecode(answer["magic"], marshal.dumps(table, _MARSHAL_VERSION))


def compiled(file: str, text: str) -> bytes:
    """The code of a module; it depends on file, text and the version of Python only."""
    code = compile(text, file, "exec", dont_inherit=True, optimize=2)
    try:
        return marshal.dumps(code, _MARSHAL_VERSION)
    except ValueError:  # Python 3.14 has constants that this version cannot express
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
