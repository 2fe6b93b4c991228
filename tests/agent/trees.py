"""Writes the trees of invented machines: a /proc, a root folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

STATUS = "Name:\t{name}\nState:\tS (sleeping)\nPid:\t{pid}\nUid:\t{uids}\nGid:\t0\t0\t0\t0\n"


def write_process(  # noqa: PLR0917 — a process has many facts
    procfs: Path,
    pid: int,
    name: str | bytes = "sh",
    uid: int | None = 0,
    cmdline: bytes = b"",
    effective_uid: int | None = None,
) -> Path:
    """A folder of /proc with stat, comm, cmdline and (unless uid is None) status."""
    raw = name.encode() if isinstance(name, str) else name
    folder = procfs / str(pid)
    folder.mkdir(parents=True)
    numbers = b" ".join([b"0"] * 48)
    (folder / "stat").write_bytes(b"%d (%b) S 1 %b\n" % (pid, raw, numbers))
    (folder / "comm").write_bytes(raw + b"\n")
    (folder / "cmdline").write_bytes(cmdline)
    if uid is not None:
        effective = uid if effective_uid is None else effective_uid
        escaped = raw.decode("utf-8", "replace").replace("\\", "\\\\").replace("\n", "\\n")
        status = STATUS.format(name=escaped, pid=pid, uids=f"{uid}\t{effective}\t{effective}\t0")
        (folder / "status").write_text(status, "utf-8")
    return folder


def write_file(root: Path, path: str, content: str | bytes) -> Path:
    """A file below root, such as write_file(root, "/etc/passwd", …), with its folders."""
    file = root / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file
