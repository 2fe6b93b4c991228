from __future__ import annotations

from pathlib import Path

import pytest

from agent.state.file_lock import locked


def test_lock_held_for_too_long_raises_an_error(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    with locked(path, 0), pytest.raises(BlockingIOError), locked(path, 0.1):
        pass
