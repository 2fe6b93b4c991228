"""Temporary folders of native code on Windows (simulated): a loaded file cannot be removed."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from agent.native import folders


def test_folders_of_earlier_runs_are_removed_on_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = shutil.rmtree
    in_use: list[str] = []

    def rmtree(path: str, ignore_errors: bool = False, **options: Any) -> None:
        if path in in_use:
            assert ignore_errors
            return
        real(path, ignore_errors=ignore_errors, **options)

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(shutil, "rmtree", rmtree)
    old, young, used, other = (
        tmp_path / name for name in ("compliance-agent-old", "compliance-agent-young",
                                     "compliance-agent-used", "another-old")
    )  # fmt: skip
    day_ago = time.time() - 86400
    for left in (old, young, used, other):
        left.mkdir()
        (left / "module.pyd").touch()
        if left != young:
            os.utime(left, (day_ago, day_ago))
    in_use.append(str(used))
    monkeypatch.setattr(os, "name", "nt")
    with folders.in_temporary_folder("module.pyd", b"code") as path:
        in_use.append(os.path.dirname(path))  # noqa: PTH120
    in_use.clear()
    names = set(os.listdir(tmp_path))  # noqa: PTH208
    assert {"compliance-agent-young", "compliance-agent-used", "another-old"} < names
    assert "compliance-agent-old" not in names
    for name in names - {"another-old", "compliance-agent-young"}:
        os.utime(os.path.join(tmp_path, name), (day_ago, day_ago))  # noqa: PTH118
    with folders.in_temporary_folder("module.pyd", b"code"):
        pass
    assert set(os.listdir(tmp_path)) == {"another-old", "compliance-agent-young"}  # noqa: PTH208
