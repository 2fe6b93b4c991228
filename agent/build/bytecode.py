"""Compiles the sources for one version of Python; run by that Python itself.

Reads a JSON object from stdin, texts of modules by their names, and writes one to stdout: the
magic number of this Python, and the content of the .pyc files (PEP 552, unchecked) in base64.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import marshal
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

_UNCHECKED_HASH = (0b01).to_bytes(4, "little")


class Bytecode(NamedTuple):
    """What one Python made of the sources: files by name, and its magic number."""

    magic: int
    files: dict[str, bytes]


def compile_with(python: str, sources: dict[str, bytes]) -> Bytecode:
    """Compile .py files to .pyc files. Raises CalledProcessError."""
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
    return Bytecode(
        answer["magic"],
        {name: base64.b64decode(content) for name, content in answer["files"].items()},
    )


def compiled(name: str, text: str) -> bytes:
    """The content of a .pyc file, which depends on name, text and the version of Python only."""
    code = compile(text, name, "exec", dont_inherit=True, optimize=2)
    try:
        # Later forms than 2 note which objects were shared in memory: that changes from run to run.
        content = marshal.dumps(code, 2)
    except ValueError:  # Python 3.14 has constants that the old form cannot hold
        content = marshal.dumps(code)
    header = importlib.util.MAGIC_NUMBER + _UNCHECKED_HASH
    return header + importlib.util.source_hash(text.encode()) + content


def main() -> None:
    sources: dict[str, str] = json.load(sys.stdin)
    answer: dict[str, Any] = {
        "magic": int.from_bytes(importlib.util.MAGIC_NUMBER[:2], "little"),
        "files": {
            str(Path(name).with_suffix(".pyc")): base64.b64encode(compiled(name, text)).decode()
            for name, text in sources.items()
        },
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
