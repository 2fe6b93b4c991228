"""What tests of rules share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service.policies.guard.guard import Guard
from tests.support.judged_fleet import Fleet
from tests.support.rule_folders import Folders


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    made = Fleet(tmp_path)
    with closing(made.database):
        yield made


@pytest.fixture(scope="module")
def guard_of_folders() -> Iterator[Guard]:
    with Guard() as started:
        yield started


@pytest.fixture
def folders(tmp_path: Path, guard_of_folders: Guard) -> Iterator[Folders]:
    made = Folders(tmp_path, guard_of_folders)
    with closing(made.database):
        yield made
