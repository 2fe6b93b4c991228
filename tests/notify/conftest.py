"""What tests of notifications share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.notify.receiver import HttpReceiver, receiving
from tests.notify.servers import Servers
from tests.notify.told import ToldFleet
from tests.support.judged_field import Field
from tests.support.judged_fleet import Fleet


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    made = Fleet(tmp_path)
    with closing(made.database):
        yield made


@pytest.fixture
def servers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, receiver: HttpReceiver
) -> Iterator[Servers]:
    """No rule speaks of their silence, their clocks and their clones."""
    field = Field(tmp_path, monkeypatch)
    made = Servers(field, receiver)
    made.adjust("")
    with closing(field.database), closing(made):
        yield made


@pytest.fixture
def told(tmp_path: Path) -> Iterator[ToldFleet]:
    made = ToldFleet(tmp_path)
    with closing(made.fleet.database), closing(made):
        yield made
