"""A database with a damaged page, whichever it is: rebuild and swap bring every report back."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from service.config import Config
from service.maintenance.rebuild import rebuild
from service.maintenance.swap import swap
from tests.support import engine
from tests.support.live import LiveService
from tests.support.reports import report

pytestmark = [pytest.mark.torture, pytest.mark.timeout(600)]

PAGE = 4096
REPORTS = 12


def steps(_: str) -> Callable[[], None]:
    return lambda: None


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    live = LiveService(tmp_path_factory.mktemp("damaged") / "var").start()
    for second in range(REPORTS):
        assert live.post(report(fecha_hora=f"2026-02-15 02:00:{second:02}")).status == 201
    live.stop()
    engine.rows(live.data / "compliance.db", "PRAGMA wal_checkpoint(TRUNCATE)")
    return live.data


def test_whichever_page_is_damaged_all_reports_come_back(stored: Path, tmp_path: Path) -> None:
    pages = (stored / "compliance.db").stat().st_size // PAGE
    assert pages > 20
    noise = random.Random(7)
    for page in range(pages):
        data = tmp_path / f"page-{page}"
        shutil.copytree(stored, data)
        with (data / "compliance.db").open("r+b") as file:
            file.seek(page * PAGE)
            file.write(noise.randbytes(PAGE))
        config = Config(data=data)
        rebuild(config, steps)
        swap(config, steps, accept_loss=False)
        found = engine.rows(data / "compliance.db", "SELECT count(*) FROM report")
        assert found == [(REPORTS,)], f"page {page}"
        shutil.rmtree(data)
