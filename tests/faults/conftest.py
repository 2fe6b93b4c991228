"""A service whose data stands on a small disk that a test can fill."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.live import LiveService
from tests.support.small_disk import SmallDisk, small_disk

MEBIBYTE = 1024 * 1024


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk", 12 * MEBIBYTE) as disk:
        yield disk


@pytest.fixture
def live(disk: SmallDisk) -> Iterator[LiveService]:
    live = LiveService(disk.path)
    try:
        yield live.start()
    finally:
        live.stop()
