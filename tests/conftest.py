"""Fixtures that many tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from service.store.engines import Database, open_database
from tests.support.engine import ENGINES, Engine
from tests.support.live import LiveService


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What shares a service runs in one process: the tests of a file, all that see the fleet."""
    for item in items:
        shares_fleet = {"fleet", "visitor", "empty_visitor"} & set(
            getattr(item, "fixturenames", ())
        )
        group = "fleet" if shares_fleet else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))


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
