"""POST /servers: what a source makes the service read counts, whether or not it is a report."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import falcon.testing
import pytest

from service.app import create_app
from service.config import Config
from service.ingest import admission
from service.ingest.budget import BURST_SECONDS, BYTES_A_UNIT
from service.store.engines import open_database
from tests.support.reports import report

CONFIG = Config()
BOMB = gzip.compress(b"{" * (CONFIG.max_body + 1))
BURST = BURST_SECONDS * CONFIG.source_changes / CONFIG.workers * BYTES_A_UNIT  # bytes


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[falcon.testing.TestClient]:
    monkeypatch.setattr(admission, "_DELAY_SECONDS", 0)
    with closing(open_database(tmp_path / "compliance.db")) as database:
        database.migrate()
        app = create_app(Config(tmp_path), database)
        yield falcon.testing.TestClient(app, headers={"Host": "localhost"})


def post(
    client: falcon.testing.TestClient, body: bytes, source: str, **headers: str
) -> falcon.testing.Result:
    return client.simulate_post(
        "/servers",
        body=body,
        headers={"Content-Type": "application/json", **headers},
        remote_addr=source,
    )


def test_bodies_that_inflate_to_more_than_they_may_use_up_the_budget(
    client: falcon.testing.TestClient,
) -> None:
    assert len(BOMB) < 10_000
    gzipped = {"Content-Encoding": "gzip"}
    # What a request has used itself does not count against it.
    for _ in range(int(BURST / CONFIG.max_body) + 1):
        assert post(client, BOMB, "10.0.0.1", **gzipped).status_code == 400
    refused = post(client, BOMB, "10.0.0.1", **gzipped)
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) >= BURST_SECONDS
    assert post(client, json.dumps(report()).encode(), "10.0.0.1").status_code == 503
    assert post(client, json.dumps(report()).encode(), "10.0.0.2").status_code == 201


def test_bodies_that_are_no_reports_use_up_the_budget(client: falcon.testing.TestClient) -> None:
    body = b" " * 1_000_000
    statuses = [post(client, body, "10.0.0.1").status_code for _ in range(int(BURST / 1e6) + 2)]
    assert statuses[0] == 400
    assert statuses[-1] == 503
