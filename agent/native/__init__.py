"""psutil, wherever its native part has to come from.

Run from a folder, the psutil that is installed is used. In compliance-agent.pyz it is inside, and
no system loads native code from inside a zip: the build that fits this Python is laid into a
folder where nobody else can write, and loaded from there. agent/README.md tells the rules.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.machinery
import importlib.util
import logging
import os
import sys
from typing import TYPE_CHECKING, Any

from agent.native import folders
from agent.native.platform_match import fitting_build

if TYPE_CHECKING:
    from types import ModuleType

# The native module of psutil by the first word of a build's name.
_MODULES = {"linux": "_psutil_linux", "macos": "_psutil_osx", "windows": "_psutil_windows"}
_log = logging.getLogger("agent")


class PsutilUnavailableError(Exception):
    """psutil has no build for this system, or none may be loaded here; says which."""


def load_psutil() -> Any:  # noqa: ANN401 — a module, whose members its own stubs describe
    """The module psutil. Raises PsutilUnavailableError."""
    archive = _archive()
    if archive is not None and "psutil" not in sys.modules:
        _load_native_part(archive)
    try:
        return importlib.import_module("psutil")
    except ImportError as error:
        raise PsutilUnavailableError(f"psutil cannot be imported: {error}") from error


def _archive() -> Any:  # noqa: ANN401 — its two kinds have no type in common
    """What reads the .pyz that this runs from; None when this runs from a folder."""
    # A zipimporter, or what bootstrap.py puts in its place.
    loader = getattr(__spec__, "loader", None)
    return loader if hasattr(loader, "archive") else None


def _load_native_part(archive: Any) -> None:  # noqa: ANN401 — see _archive()
    build = fitting_build()
    if build is None:
        raise PsutilUnavailableError("psutil has no build for this system")
    module = _MODULES[build.split("-", 1)[0]]
    file = module + (".pyd" if build.startswith("windows") else ".abi3.so")
    try:
        content = archive.get_data(os.path.join("native", build, file))  # noqa: PTH118
    except OSError as error:
        raise PsutilUnavailableError(
            f"psutil has no build for {build} in {archive.archive}"
        ) from error
    troubles = []
    # Its own name for each content: several versions, and machines that share a home, do not
    # take each other's file.
    file = f"{build}-{hashlib.sha256(content).hexdigest()[:16]}-{file}"
    for place in (folders.in_cache, folders.in_temporary_folder):
        try:
            with place(file, content) as path:
                _load(f"psutil.{module}", path)
        # A file system that must not execute code says ImportError ("failed to map segment").
        except (OSError, ImportError) as error:
            troubles.append(str(error))
        else:
            _log.debug("the native part of psutil for %s is loaded from %s", build, path)
            return
    raise PsutilUnavailableError("; ".join(troubles))


def _load(name: str, path: str) -> None:
    """Load a native module from a file and let `import` find it under its name."""
    loader = importlib.machinery.ExtensionFileLoader(name, path)
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    if spec is None:
        raise ImportError(f"{path} is no native module")
    module: ModuleType = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    sys.modules[name] = module
