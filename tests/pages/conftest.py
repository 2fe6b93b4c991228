"""What the tests of pages share: one browser, and one service with a fleet in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser

from tests.pages.browser import Visitor, chromium
from tests.pages.fleet import Fleet, post_fleet
from tests.support.live import LiveService


# Not for the session: as long as Playwright runs, no other test could run an event loop of its own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="package")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A service that a whole fleet has reported to for a day."""
    live = LiveService(tmp_path_factory.mktemp("fleet") / "var")
    try:
        yield post_fleet(live.start())
    finally:
        live.stop()


@pytest.fixture(scope="package")
def visitor(browser: Browser, fleet: Fleet) -> Iterator[Visitor]:
    """A reader of the fleet's pages."""
    with closing(Visitor(browser, fleet.live.url)) as reader:
        yield reader


@pytest.fixture(scope="package")
def empty_visitor(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """A reader of a service to which nothing was ever reported."""
    live = LiveService(tmp_path_factory.mktemp("empty") / "var")
    try:
        with closing(Visitor(browser, live.start().url)) as reader:
            yield reader
    finally:
        live.stop()
