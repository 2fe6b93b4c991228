"""The contents of the one file, and how to write it reproducibly."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path, PurePosixPath

from agent.build import wheels

SHEBANG = b"#!/usr/bin/env python3\n"
_BUILD = Path(__file__).parent
_AGENT = _BUILD.parent
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time in a zip
_FILE, _READABLE = 0o100000, 0o644
_UNIX = 3

# For other systems and other protocols.
_LEFT_OUT = (
    "psutil/_psaix.py",
    "psutil/_psbsd.py",
    "psutil/_pssunos.py",
    "urllib3/contrib/emscripten/",
    "urllib3/contrib/pyopenssl.py",
    "urllib3/contrib/socks.py",
    "urllib3/http2/connection.py",
)
# It enables HTTP/2, which the agent does not use, and imports importlib.metadata: a tenth of the
# time of a run. urllib3 itself only needs its submodule `probe`.
_EMPTIED = "urllib3/http2/__init__.py"


def agent_sources() -> dict[str, bytes]:
    """The modules of the agent by their names in the zip, without agent.build."""
    return {
        file.relative_to(_AGENT.parent).as_posix(): _text(file.read_bytes())
        for file in _AGENT.rglob("*.py")
        if _BUILD not in file.parents
    }


def bootstrap() -> bytes:
    return _text((_BUILD / "bootstrap.py").read_bytes())


def sort_wheel(wheel: wheels.Wheel, files: dict[str, bytes]) -> dict[str, bytes]:
    """The required files of a wheel, by their names in the zip.

    The builds of psutil differ in one native file; merge() refuses a build with other modules.
    """
    sorted_files = {}
    for name, content in files.items():
        path = PurePosixPath(name)
        if path.suffix in {".so", ".pyd"}:
            sorted_files[f"native/{wheel.place}/{path.name}"] = content
        elif path.suffix == ".py" and not name.startswith(_LEFT_OUT):
            folder = "source" if name.startswith("psutil/") else wheel.place
            sorted_files[f"{folder}/{name}"] = b"" if name == _EMPTIED else _text(content)
        elif path.name.startswith("LICENSE"):
            sorted_files[f"licenses/{wheel.requirement.replace('==', '-')}.txt"] = _text(content)
    return sorted_files


def merge(into: dict[str, bytes], files: dict[str, bytes]) -> None:
    """Add files. Raises WheelError if an existing one differs."""
    for name, content in files.items():
        if into.setdefault(name, content) != content:
            raise wheels.WheelError(f"{name} is not the same in all wheels")


def _text(content: bytes) -> bytes:
    """With Unix line ends: some checkouts, and the wheels for Windows, have others."""
    return content.replace(b"\r\n", b"\n")


def write(path: Path, files: dict[str, bytes]) -> None:
    """Write an executable zip with sorted names, a fixed time and fixed permissions."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        file.write(SHEBANG)
        with zipfile.ZipFile(file, "w") as archive:
            for name in sorted(files):
                entry = zipfile.ZipInfo(name, _EPOCH)
                entry.create_system = _UNIX
                entry.external_attr = (_FILE | _READABLE) << 16
                # The modules of a bytecode table are compressed already.
                how = zipfile.ZIP_STORED if name.startswith("bytecode/") else zipfile.ZIP_DEFLATED
                archive.writestr(entry, files[name], how, compresslevel=9)
    partial.chmod(0o755)
    os.replace(partial, path)  # noqa: PTH105 — Path.replace() is no different
