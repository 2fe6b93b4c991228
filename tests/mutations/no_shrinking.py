"""A plugin of pytest: a property that fails ends its test at once, without a smaller example."""

from __future__ import annotations

from hypothesis import Phase, settings


def pytest_configure() -> None:
    settings.register_profile("mutations", phases=[Phase.explicit, Phase.generate], database=None)
    settings.load_profile("mutations")
