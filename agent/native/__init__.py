"""Loads psutil, also from inside compliance-agent.pyz.

If the agent runs from a folder, the installed psutil is imported. The .pyz contains psutil, but
no system loads native code from a zip: the build for this Python is written to a folder that only
this user can change, and loaded from there. agent/README.md has the rules.
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
from agent.native.platform_match import matching_build

if TYPE_CHECKING:
    from types import ModuleType

# The native module of psutil by the first word of a build's name.
_MODULES = {"linux": "_psutil_linux", "macos": "_psutil_osx", "windows": "_psutil_windows"}
_log = logging.getLogger("agent")


class PsutilUnavailableError(Exception):
    """psutil has no build for this system, or it cannot be loaded safely."""


def load_psutil() -> Any:  # noqa: ANN401 — a module
    """The module psutil. Raises PsutilUnavailableError."""
    archive = _archive()
    if archive is not None and "psutil" not in sys.modules:
        _load_native_part(archive)
    try:
        return importlib.import_module("psutil")
    except ImportError as error:
        raise PsutilUnavailableError(f"psutil cannot be imported: {error}") from error


def _archive() -> Any:  # noqa: ANN401 — its two types have no common base
    """The loader of the .pyz; None if the agent runs from a folder."""
    # A zipimporter, or its replacement in bootstrap.py.
    loader = getattr(__spec__, "loader", None)
    return loader if hasattr(loader, "archive") else None


def _load_native_part(archive: Any) -> None:  # noqa: ANN401 — see _archive()
    build = matching_build()
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
    errors = []
    # The name contains a hash, so several versions, and machines that share a home, have their own
    # files.
    file = f"{build}-{hashlib.sha256(content).hexdigest()[:16]}-{file}"
    for place in (folders.in_cache, folders.in_temporary_folder):
        try:
            with place(file, content) as path:
                _load(f"psutil.{module}", path)
        # A file system mounted noexec raises ImportError ("failed to map segment").
        except (OSError, ImportError) as error:
            errors.append(str(error))
        else:
            _log.debug("the native part of psutil for %s is loaded from %s", build, path)
            return
    raise PsutilUnavailableError("; ".join(errors))


def _load(name: str, path: str) -> None:
    """Load a native module from a file and register it for import."""
    loader = importlib.machinery.ExtensionFileLoader(name, path)
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    if spec is None:
        raise ImportError(f"{path} is not a native module")
    module: ModuleType = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    sys.modules[name] = module
