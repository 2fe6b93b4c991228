"""Debian's Chromium, driven by Playwright, and the checks that every page must pass."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Dialog,
    Locator,
    Page,
    Request,
    sync_playwright,
)

from tests.support.live import PROJECT

Scheme = Literal["light", "dark"]

CHROMIUM = Path("/usr/bin/chromium")
SCREENSHOTS = PROJECT / "var" / "screenshots"
DESKTOP, PHONE = 1280, 390  # pixels
_TIMEOUT = 30_000  # milliseconds, for busy machines

_FLAGS = [
    "--no-sandbox",  # tests may run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # No requests except to the service.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# All rules except the experimental ones and those of level AAA only.
_AXE_OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
# Rows and list items are alike, so the first ones suffice.
_AXE_CONTEXT = {"exclude": ["tbody tr:nth-child(n+6)", "li:nth-child(n+6)"]}
_FIND_AXE_VIOLATIONS = """
async ([context, options]) => {
    const { violations } = await axe.run(context, options);
    return violations.flatMap(violation => violation.nodes.map(
        node => `${violation.id} at ${node.target.join(" ")}: ${node.failureSummary}`));
}
"""

# Elements that overflow the screen to the right, outside a box that scrolls.
_FIND_OVERFLOW = """
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
class Profile:
    """Language, screen width in pixels, and whether scripts run."""

    language: Literal["es", "en"] = "es"
    width: int = DESKTOP
    script: bool = True

    def __str__(self) -> str:
        return f"{self.language}-{self.width}" + ("" if self.script else "-noscript")


class Tab:
    """A browser tab that records the problems of its pages."""

    def __init__(self, page: Page, base: str, profile: Profile) -> None:
        self.page = page
        self.profile = profile
        self.problems: list[str] = []
        self._base = base
        self._expected = 200
        # The console also reports violations of the Content-Security-Policy.
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        page.on("requestfailed", self._request_failed)
        page.on("dialog", self._dialog)

    def reset(self) -> None:
        """Back to the state of a new tab."""
        self.page.context.clear_cookies()
        self.page.goto("about:blank")
        self.use_scheme("light")
        self.problems.clear()

    def open(self, address: str, status: int = 200) -> Page:
        """Opens a page of the service. The address is a path or a full URL."""
        self._expected = status
        response = self.page.goto(
            address if address.startswith("http") else self._base + address, wait_until="load"
        )
        assert response is not None
        assert response.status == status, f"{address}: {response.status} {response.text()[:500]}"
        return self.page

    def follow(self, where: Locator) -> None:
        """Clicks on a link or button, and waits for the page that it leads to."""
        with self.page.expect_navigation(wait_until="load"):
            where.click()

    @property
    def text(self) -> str:
        """The visible text of the page."""
        return self.page.locator("body").inner_text()

    @property
    def address(self) -> str:
        """The current address, without the host."""
        return self.page.url.removeprefix(self._base)

    def check(self) -> None:
        """Checks that hold for every page in every profile."""
        page, problems = self.page, list(self.problems)
        headings = page.locator("h1").count()
        if headings != 1:
            problems.append(f"{headings} h1")
        if not page.title().strip():
            problems.append("no title")
        language = page.locator("html").get_attribute("lang")
        if language != self.profile.language:
            problems.append(f"lang is {language}")
        if self.profile.script:
            overflow = page.evaluate(_FIND_OVERFLOW)
            problems += [f"overflows to the right: {name}" for name in overflow]
            if page.evaluate("() => '__pwned' in window"):
                problems.append("an injected script has run")
        assert not problems, f"{page.url} ({self.profile}):\n" + "\n".join(problems)

    def check_accessibility(self) -> None:
        """Runs axe-core.

        It is injected through the DevTools protocol, which bypasses the Content-Security-Policy.
        """
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(_axe())
        violations = self.page.evaluate(_FIND_AXE_VIOLATIONS, [_AXE_CONTEXT, _AXE_OPTIONS])
        assert not violations, f"{self.page.url} ({self.profile}):\n" + "\n".join(violations)

    def use_scheme(self, scheme: Scheme) -> None:
        self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")

    def screenshot(self, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    def _console(self, message: ConsoleMessage) -> None:
        # An expected 404 of the page itself is logged as an error, too.
        is_expected = message.location["url"] == self.page.url and self._expected != 200
        if message.type in {"error", "warning"} and not (
            is_expected and message.text.startswith("Failed to load resource")
        ):
            self.problems.append(f"console: {message.text}")

    def _dialog(self, dialog: Dialog) -> None:
        self.problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _request_failed(self, request: Request) -> None:
        # Chromium fetches the icon late and aborts when the reader has already left the page.
        if "/static/favicon." in request.url and request.failure == "net::ERR_ABORTED":
            return
        self.problems.append(f"failed: {request.url}: {request.failure}")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser. Without Chromium the test is skipped, or fails in CI."""
    require(CHROMIUM, "chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class Visitor:
    """Opens tabs on one service. Every tab starts without cookies or history.

    The tab of a profile is reused: a new tab costs three times as much as a page.
    """

    def __init__(self, browser: Browser, base: str) -> None:
        self._browser = browser
        self._tabs: dict[Profile, Tab] = {}
        self.base = base

    def tab(self, profile: Profile | None = None) -> Tab:
        profile = profile or Profile()
        tab = self._tabs.get(profile) or self._tabs.setdefault(profile, self._new_tab(profile))
        tab.reset()
        return tab

    def close(self) -> None:
        for tab in self._tabs.values():
            tab.page.context.close()

    def _new_tab(self, profile: Profile) -> Tab:
        context = self._browser.new_context(
            base_url=self.base,
            locale={"es": "es-ES", "en": "en-GB"}[profile.language],
            viewport={"width": profile.width, "height": 844 if profile.width < 600 else 900},
            device_scale_factor=1,
            java_script_enabled=profile.script,
            reduced_motion="reduce",
            timezone_id="America/Bogota",  # pages show UTC in every time zone
        )
        context.set_default_timeout(_TIMEOUT)
        return Tab(context.new_page(), self.base, profile)


def _axe() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def require(program: str | Path, package: str) -> None:
    """Skips the test without this program, or fails it in CI."""
    if not Path(program).exists():
        _skip_or_fail(f"{program} is not installed (Debian's package {package})")


def _skip_or_fail(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
