"""Chromium as Debian packages it, driven by Playwright, and what every page must stand up to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request, sync_playwright

from tests.support.live import PROJECT

Scheme = Literal["light", "dark"]

CHROMIUM = Path("/usr/bin/chromium")
SCREENSHOTS = PROJECT / "var" / "screenshots"
DESKTOP, PHONE = 1280, 390  # pixels
_SECONDS = 30_000  # milliseconds that a page may take on a busy machine

_FLAGS = [
    "--no-sandbox",  # tests may run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # Nothing but the service is asked for anything.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# Everything but what its authors call experimental, and what only the strictest level (AAA) asks.
_AXE_OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
# The rows of a table, and the items of a list, are alike: of hundreds it looks at the first ones.
_AXE_CONTEXT = {"exclude": ["tbody tr:nth-child(n+6)", "li:nth-child(n+6)"]}
_AXE_FAULTS = """
async ([context, options]) => {
    const { violations } = await axe.run(context, options);
    return violations.flatMap(violation => violation.nodes.map(
        node => `${violation.id} at ${node.target.join(" ")}: ${node.failureSummary}`));
}
"""

# Elements that stick out to the right of the screen, outside of a box that scrolls by itself.
_STICKING_OUT = """
() => {
    const root = document.documentElement;
    if (root.scrollWidth <= root.clientWidth) return [];
    const names = Array.from(document.querySelectorAll("body *"))
        .filter(element => element.getBoundingClientRect().right > root.clientWidth + 1)
        .map(element => `${element.tagName} ${element.className} ${element.textContent.trim()}`);
    return [`${root.scrollWidth} of ${root.clientWidth} pixels`, ...names.slice(0, 8)];
}
"""


@dataclass(frozen=True, slots=True)
class Look:
    """How a reader looks at a page."""

    language: Literal["es", "en"] = "es"
    width: int = DESKTOP
    script: bool = True

    def __str__(self) -> str:
        return f"{self.language}-{self.width}" + ("" if self.script else "-noscript")


class Tab:
    """A tab of the browser that keeps what went wrong in it."""

    def __init__(self, page: Page, base: str, look: Look) -> None:
        self.page = page
        self.look = look
        self.complaints: list[str] = []
        self._base = base
        self._expected = 200
        # Violations of the Content-Security-Policy are told on the console, too.
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        page.on("requestfailed", self._request_failed)
        page.on("dialog", self._dialog)

    def forget(self) -> None:
        """Whatever it showed before."""
        self.page.context.clear_cookies()
        self.page.goto("about:blank")
        self.use_scheme("light")
        self.complaints.clear()

    def open(self, address: str, status: int = 200) -> Page:
        """Goes to a page of the service; its address may be a whole one."""
        self._expected = status
        response = self.page.goto(
            address if address.startswith("http") else self._base + address, wait_until="load"
        )
        assert response is not None
        assert response.status == status, f"{address}: {response.status} {response.text()[:500]}"
        return self.page

    @property
    def text(self) -> str:
        """What a reader can read on the page."""
        return self.page.locator("body").inner_text()

    @property
    def address(self) -> str:
        """The address that the page has now, without the host."""
        return self.page.url.removeprefix(self._base)

    def check(self) -> None:
        """What is true of every page, however it is looked at."""
        page, complaints = self.page, list(self.complaints)
        headings = page.locator("h1").count()
        if headings != 1:
            complaints.append(f"{headings} h1")
        if not page.title().strip():
            complaints.append("no title")
        language = page.locator("html").get_attribute("lang")
        if language != self.look.language:
            complaints.append(f"lang is {language}")
        if self.look.script:
            sticking_out = page.evaluate(_STICKING_OUT)
            complaints += [f"sticks out to the right: {name}" for name in sticking_out]
            if page.evaluate("() => '__pwned' in window"):
                complaints.append("a script that came in a name has run")
        assert not complaints, f"{page.url} ({self.look}):\n" + "\n".join(complaints)

    def check_accessibility(self) -> None:
        """What axe-core finds.

        It is brought in through the DevTools protocol, that no Content-Security-Policy stops.
        """
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(_axe())
        faults = self.page.evaluate(_AXE_FAULTS, [_AXE_CONTEXT, _AXE_OPTIONS])
        assert not faults, f"{self.page.url} ({self.look}):\n" + "\n".join(faults)

    def use_scheme(self, scheme: Scheme) -> None:
        self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")

    def screenshot(self, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    def _console(self, message: ConsoleMessage) -> None:
        # That the page which was asked for answers 404 is told as an error as well.
        asked_for = message.location["url"] == self.page.url and self._expected != 200
        if message.type in {"error", "warning"} and not (
            asked_for and message.text.startswith("Failed to load resource")
        ):
            self.complaints.append(f"console: {message.text}")

    def _dialog(self, dialog: Dialog) -> None:
        self.complaints.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def _request_failed(self, request: Request) -> None:
        # Chromium fetches the icon late, and gives it up when the reader has gone on by then.
        if "/static/favicon." in request.url and request.failure == "net::ERR_ABORTED":
            return
        self.complaints.append(f"failed: {request.url}: {request.failure}")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser. Without Chromium: skipped, failed in CI."""
    if not CHROMIUM.exists():
        _cannot(f"{CHROMIUM} is not installed (Debian's package chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class Visitor:
    """Opens tabs upon one service, each as a new reader: no cookies, nothing of the one before.

    A tab of each look stays open to be used again: a new one costs thrice as much as a page.
    """

    def __init__(self, browser: Browser, base: str) -> None:
        self._browser = browser
        self._tabs: dict[Look, Tab] = {}
        self.base = base

    def tab(self, look: Look | None = None) -> Tab:
        look = look or Look()
        tab = self._tabs.get(look) or self._tabs.setdefault(look, self._new_tab(look))
        tab.forget()
        return tab

    def close(self) -> None:
        for tab in self._tabs.values():
            tab.page.context.close()

    def _new_tab(self, look: Look) -> Tab:
        context = self._browser.new_context(
            base_url=self.base,
            locale={"es": "es-ES", "en": "en-GB"}[look.language],
            viewport={"width": look.width, "height": 844 if look.width < 600 else 900},
            device_scale_factor=1,
            java_script_enabled=look.script,
            reduced_motion="reduce",
            timezone_id="America/Bogota",  # what is shown is UTC, wherever the reader is
        )
        context.set_default_timeout(_SECONDS)
        return Tab(context.new_page(), self.base, look)


def _axe() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def _cannot(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
