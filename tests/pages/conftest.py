"""Shared fixtures: one browser, and one service with a fleet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser

from tests.pages.browser import Visitor, chromium
from tests.pages.fleet import Fleet, post_fleet
from tests.pages.judged_fleet import judge_fleet
from tests.support.live import LiveService


# Not session-scoped: while Playwright runs, no other test can run its own event loop.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="package")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A service with one day of reports from a fleet, judged by a few rules."""
    live = LiveService(tmp_path_factory.mktemp("fleet") / "var", COMPLIANCE_QUERIES="1")
    try:
        posted = post_fleet(live.start())
        judge_fleet(posted)
        yield posted
    finally:
        live.stop()


@pytest.fixture(scope="package")
def visitor(browser: Browser, fleet: Fleet) -> Iterator[Visitor]:
    """Opens pages of the fleet."""
    with closing(Visitor(browser, fleet.live.url)) as opened:
        yield opened


@pytest.fixture(scope="package")
def empty_visitor(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """Opens pages of a service without reports."""
    live = LiveService(tmp_path_factory.mktemp("empty") / "var")
    try:
        with closing(Visitor(browser, live.start().url)) as opened:
            yield opened
    finally:
        live.stop()
