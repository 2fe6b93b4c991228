"""Takes the screenshot of the README: python -m tests.pages.screenshot.

Starts a service, posts one day of reports from the test fleet (without the server with hostile
names), and writes service/screenshots/fleet.png.
"""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path

from playwright.sync_api import FloatRect

from tests.pages.browser import Profile, Tab, Visitor, chromium
from tests.pages.fleet import post_fleet
from tests.support.live import PROJECT, LiveService

FILE = PROJECT / "service" / "screenshots" / "fleet.png"
PROFILE = Profile("en")
MAX_BYTES = 150_000
_MARGIN = 8  # pixels below the last panel


def take(tab: Tab, path: Path) -> None:
    """Writes a PNG of the fleet page, down to the panels of programs and users."""
    page = tab.open("/")
    last = page.locator("section[aria-labelledby=users-heading]").bounding_box()
    assert last is not None
    height = last["y"] + last["height"] + _MARGIN
    clip: FloatRect = {"x": 0, "y": 0, "width": PROFILE.width, "height": height}
    page.screenshot(path=path, full_page=True, clip=clip)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        live = LiveService(Path(folder) / "var")
        try:
            post_fleet(live.start(), hostile=False)
            with closing(Visitor(browser, live.url)) as visitor:
                FILE.parent.mkdir(exist_ok=True)
                take(visitor.tab(PROFILE), FILE)
        finally:
            live.stop()


if __name__ == "__main__":
    main()
