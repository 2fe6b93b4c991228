"""The default state folder, and the credentials that systemd passes."""

# ruff: noqa: PTH117, PTH118, PTH123
from __future__ import annotations

import ntpath
import os
import sys
from typing import TYPE_CHECKING

from agent.state.text_file import decode

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = "compliance-agent"


def default_spool(environ: Mapping[str, str]) -> str:
    """The state folder of the systemd unit, else that of the system or the user.

    Raises ValueError if there is none: no home, and no account to have one.
    """
    given = environ.get("STATE_DIRECTORY")
    if not given:
        folder = _own_folder(environ)
        if not is_absolute(folder):
            raise ValueError("this user has no home folder; set --spool")
        return folder
    # systemd separates several by colons; on Windows, a colon belongs to the path.
    folder = given if os.name == "nt" else given.split(":", 1)[0]
    if not is_absolute(folder):
        raise ValueError(f"STATE_DIRECTORY: {folder!r}: expected an absolute path")
    return folder


def _own_folder(environ: Mapping[str, str]) -> str:
    if os.name == "nt":
        return os.path.join(environ.get("LOCALAPPDATA") or _home(environ), _NAME)
    if os.geteuid() == 0:
        return f"/var/lib/{_NAME}"
    if sys.platform == "darwin":
        return os.path.join(_home(environ), "Library", "Application Support", _NAME)
    # XDG Base Directory Specification: relative paths must be ignored.
    state = environ.get("XDG_STATE_HOME", "")
    if is_absolute(state):
        return os.path.join(state, _NAME)
    return os.path.join(_home(environ), ".local", "state", _NAME)


def _home(environ: Mapping[str, str]) -> str:
    """The home of the user, in the environment or of the account; "~" if there is none."""
    if os.name == "nt":
        return environ.get("USERPROFILE") or "~"
    home = environ.get("HOME", "")
    if is_absolute(home):
        return home
    try:
        import pwd  # noqa: PLC0415 — not on Windows

        return pwd.getpwuid(os.geteuid()).pw_dir
    except (ImportError, KeyError):
        return "~"


def is_absolute(path: str) -> bool:
    r"""Whether a path is independent of the working folder and, on Windows, of the drive.

    os.path.isabs() accepts `\x` on Windows before Python 3.13.
    """
    if os.name == "nt":
        drive, rest = ntpath.splitdrive(path)
        return drive != "" and rest.startswith(("\\", "/"))
    return os.path.isabs(path)


def credential(environ: Mapping[str, str], name: str) -> str | None:
    """The file of a credential that systemd passes (LoadCredential=); see systemd.exec(5).

    None if it is empty: the unit passes an empty default for a missing file, see cli/units.py.
    """
    folder = environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        return None
    path = os.path.join(folder, name)
    try:
        with open(path, "rb") as file:
            return path if decode(file.read(4096)).strip() else None
    except FileNotFoundError:
        return None
    except (OSError, ValueError):  # reported when the secret is read
        return path
