"""Fixtures that many tests share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from xdist.remote import Producer  # type: ignore[import-untyped]

from service.store.engines import Database, open_database
from tests.support.distribution import SharedServiceScheduling, in_order_of_size
from tests.support.engine import ENGINES, Engine
from tests.support.live import LiveService

# Or each of thousands of processes would compile all modules anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores, since tests wait for processes that they start."""
    return len(os.sched_getaffinity(0)) + 1


def pytest_xdist_make_scheduler(
    config: pytest.Config, log: Producer
) -> SharedServiceScheduling | None:
    """For --dist loadfile, which pyproject.toml asks for."""
    return SharedServiceScheduling(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = in_order_of_size(items)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Each storage engine, with a database that does not exist yet."""
    made = ENGINES[request.param](tmp_path / "compliance.db")
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    """A running service with an empty database, one for the tests of a file."""
    live = LiveService(tmp_path_factory.mktemp("service") / "var")
    try:
        yield live.start()
    finally:
        live.stop()


@pytest.fixture
def fresh_service(tmp_path: Path) -> Iterator[LiveService]:
    """A service with a data folder of its own; the test starts it."""
    live = LiveService(tmp_path / "var")
    try:
        yield live
    finally:
        live.stop()


@pytest.fixture
def database_at() -> Iterator[Callable[[Path], Database]]:
    """Opens a database as the service does. Each is closed when the test ends."""
    with ExitStack() as opened:
        yield lambda path: opened.enter_context(closing(open_database(path)))
