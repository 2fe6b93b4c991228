"""Pages stand without the figures that cannot be counted in time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import falcon.testing
import pytest

from service.app import create_app
from service.config import Config
from service.store.engines import open_database
from service.store.read import usage_stats
from tests.support.reports import report

SENTENCE = "There are too many processes to count them in time."


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[falcon.testing.TestClient]:
    """The service, with a report, and no time for counting."""
    monkeypatch.setattr(usage_stats, "_BUSIEST_SECONDS", 0)
    with closing(open_database(tmp_path / "compliance.db")) as database:
        database.migrate()
        app = create_app(Config(tmp_path), database)
        client = falcon.testing.TestClient(app, headers={"Host": "localhost"})
        assert client.simulate_post("/servers", json=report()).status_code == 201
        yield client


def test_the_summary_has_null_in_place_of_what_cannot_be_counted(
    client: falcon.testing.TestClient,
) -> None:
    answer = client.simulate_get("/resumen")
    assert answer.status_code == 200
    assert (answer.json["programas"], answer.json["usuarios"]) == (None, None)
    assert answer.json["servidores"] == 1
    csv = client.simulate_get("/resumen", params={"formato": "csv"}).text
    assert "servidores,,,1" in csv
    assert "programas" not in csv


@pytest.mark.parametrize(("address", "times"), [("/", 2), ("/programa", 1), ("/usuario", 1)])
def test_a_page_says_what_cannot_be_counted(
    client: falcon.testing.TestClient, address: str, times: int
) -> None:
    answer = client.simulate_get(address, headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    assert answer.text.count(SENTENCE) == times
