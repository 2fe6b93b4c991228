"""The default state folder, and the credentials that systemd passes."""

# ruff: noqa: PTH111, PTH117, PTH118, PTH123
from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def default_spool(environ: Mapping[str, str]) -> str:
    """The state folder of the systemd unit, else that of the system or the user."""
    name = "compliance-agent"
    if environ.get("STATE_DIRECTORY"):
        return environ["STATE_DIRECTORY"].split(":", 1)[0]
    if os.name == "nt":
        return os.path.join(environ.get("LOCALAPPDATA") or os.path.expanduser("~"), name)
    if os.geteuid() == 0:
        return f"/var/lib/{name}"
    if sys.platform == "darwin":
        return os.path.expanduser(f"~/Library/Application Support/{name}")
    # XDG Base Directory Specification: relative paths must be ignored.
    state = environ.get("XDG_STATE_HOME", "")
    return os.path.join(
        state if os.path.isabs(state) else os.path.expanduser("~/.local/state"), name
    )


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
            return path if file.read(4096).strip() else None
    except FileNotFoundError:
        return None
    except OSError:  # reported when the secret is read
        return path
