"""Distributes the tests over processes: tests that share a service run in the same process.

The path of a test decides. pytest-xdist can also group by marks (--dist loadgroup): it appends the
group to the id of each test. pytest 9.2 ignores that suffix, and nothing is grouped
(https://github.com/pytest-dev/pytest-xdist/issues/1386).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

# Its files share a browser, and a service with the reports of a fleet.
TOGETHER = "tests/pages/"


def unit_of(nodeid: str) -> str:
    """Names a group of tests that run in one process, one after the other."""
    path = nodeid.partition("::")[0]
    return TOGETHER if path.startswith(TOGETHER) else path


def in_order_of_size(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """The longest unit first, then the others by their number of tests.

    A file of few tests has long scenarios, a file of many has one small test with many parameters.
    Small tests come last, so that all processes end at about the same time.
    """
    items = list(items)
    sizes = Counter(unit_of(item.nodeid) for item in items)
    return sorted(items, key=lambda item: (unit_of(item.nodeid) != TOGETHER, _size(item, sizes)))


def _size(item: pytest.Item, sizes: Counter[str]) -> int:
    return sizes[unit_of(item.nodeid)]


class SharedServiceScheduling(LoadFileScheduling):  # type: ignore[misc]
    """A process gets one unit after the other."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)
