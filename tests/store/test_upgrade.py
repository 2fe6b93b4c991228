"""The data folder that release 0.1.0 wrote, as the present code finds it after an upgrade."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service import times
from service.config import Config
from service.ingest.json_reader import read_json
from service.ingest.validation import ReportValidator
from service.maintenance.startup import prepare_data_folder
from tests.support import engine, plain_store
from tests.support.live import PROJECT, LiveService
from tests.support.plain_time import migrated_places
from tests.support.release_0_1_0 import (
    KEYS,
    archived_documents,
    manifest,
    posts,
    relation,
    secret,
    unpack,
)
from tests.support.stores import ShownDetails
from tests.support.tokens import bearer


def upgrade(data: Path) -> None:
    """Brings a data folder to the present version, as the start of the service does."""
    prepare_data_folder(Config(data=data))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data folder of 0.1.0, upgraded."""
    folder = tmp_path / "var"
    unpack(folder)
    upgrade(folder)
    return folder


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    """A service that was started on the data folder of 0.1.0. It does the upgrade itself."""
    folder = tmp_path_factory.mktemp("upgraded") / "var"
    unpack(folder)
    live = LiveService(folder)
    try:
        yield live.start()
    finally:
        live.stop()


def rows(database: Path, name: str, columns: list[str]) -> list[tuple[object, ...]]:
    """The rows of a relation that 0.1.0 had stored, in these columns and the order of their key."""
    last = max(post["id_serv"] for post in posts(201))
    return engine.rows(
        database,
        f"SELECT {', '.join(columns)} FROM {name} WHERE id_serv <= ? ORDER BY {KEYS[name]}",
        (last,),
    )


def late_records(data: Path) -> set[int]:
    """The records that were late when they arrived."""
    found = engine.rows(data / "compliance.db", "SELECT id FROM report WHERE seq < 0")
    return {id_serv for (id_serv,) in found}


def command(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "service", *arguments],
        cwd=PROJECT,
        env={**os.environ, "COMPLIANCE_DATA": str(data)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def assert_shown_as_before(database: Path) -> None:
    """Each row of the three relations has what 0.1.0 showed in the columns that it had."""
    for name in KEYS:
        columns, before = relation(name)
        after = rows(database, name, columns)
        assert len(after) == len(before), name
        for was, now in zip(before, after, strict=True):
            assert dict(zip(columns, now, strict=True)) == dict(zip(columns, was, strict=True))


def test_every_row_of_the_relations_is_as_0_1_0_showed_it(data: Path) -> None:
    assert_shown_as_before(data / "compliance.db")


def test_records_keep_when_they_arrived(data: Path) -> None:
    kept: dict[int, int] = dict(
        engine.rows(data / "compliance.db", "SELECT id, received_at FROM report")
    )
    assert {id_serv: times.to_text(at) for id_serv, at in kept.items()} == {
        post["id_serv"]: post["arrived"] for post in posts(201)
    }


def test_records_get_the_places_that_their_arrivals_allow(data: Path) -> None:
    """By the rule of migrations, computed here as plainly as it can be said."""
    stored = engine.rows(
        data / "compliance.db",
        "SELECT server_id, seq, taken_at, received_at, placed_at, clock FROM report",
    )
    by_server: dict[int, list[tuple[int, int, int]]] = {}
    for server_id, seq, taken_at, received_at, *_ in stored:
        by_server.setdefault(server_id, []).append((seq, taken_at, received_at))
    for server_id, old in by_server.items():
        places = dict(zip((number for number, _, _ in old), migrated_places(old), strict=True))
        mine = {row[1]: row[4] for row in stored if row[0] == server_id}
        assert mine == places
    clocks = Counter(clock for *_, clock in stored)
    assert clocks["tardio"] == len(late_records(data)) > 0
    assert clocks["adelantado"] > 0  # those of 2099
    assert clocks[None] > 400


def test_0_1_0_showed_exactly_the_rows_that_were_posted(data: Path) -> None:
    """Holds the test files themselves to a plain store of the archived documents."""
    documents, validator, details = archived_documents(data), ReportValidator(), ShownDetails()
    late = late_records(data)
    with closing(plain_store.open_in_memory()) as plain:
        for post in sorted(posts(201), key=lambda post: int(post["id_serv"])):
            report = validator.validate(read_json(documents[post["document"]]))
            own = details.of(post["servidor"], report, late=post["id_serv"] in late)
            shown = replace(report, process_details=own)
            plain_store.insert(plain, shown, post["id_serv"])
        for name in KEYS:
            before = relation(name)
            known = plain_store.RELATIONS[name].split(", ")
            columns = [column for column in before.columns if column in known]
            at = [before.columns.index(column) for column in columns]
            expected = plain.execute(f"SELECT {', '.join(columns)} FROM {name}")
            assert sorted(expected, key=repr) == sorted(
                (tuple(row[each] for each in at) for row in before.rows), key=repr
            )


def test_the_database_agrees_with_its_archive(data: Path) -> None:
    checked = command(data, "check")
    # 0.1.0 archived one report that it could not store, and answered 503; nobody sent it again.
    assert checked.returncode == 1, checked.stdout + checked.stderr
    assert "in the archive alone: 1" in checked.stdout
    assert f"differences: 0 in {len(posts(201))} reports" in checked.stdout
    repaired = command(data, "check", "--repair")
    assert repaired.returncode == 0, repaired.stdout + repaired.stderr
    assert f"differences: 0 in {len(posts(201)) + 1} reports" in repaired.stdout


def test_the_archive_rebuilds_the_database(data: Path) -> None:
    rebuilt = command(data, "rebuild")
    assert rebuilt.returncode == 0, rebuilt.stdout + rebuilt.stderr
    assert "to be stored last: 1" in rebuilt.stdout
    assert f"tokens: {len(manifest()['tokens'])}" in rebuilt.stdout


def test_readers_get_in_with_the_tokens_of_0_1_0(live: LiveService) -> None:
    assert live.get("/servers", **bearer(secret("reader"))).status == 200
    for name in ("ending reader", "revoked", "lost", "never used"):
        assert live.get("/servers", **bearer(secret(name))).status == 401, name
    assert live.get("/servers", **bearer(secret("any"))).status == 403


def test_tokens_are_listed_as_before(live: LiveService) -> None:
    listed = live.get("/tokens", **bearer(secret("admin"))).json()["tokens"]
    before = [token["listed"] for token in manifest()["tokens"].values()]
    assert len(listed) == len(before)
    for was, now in zip(before, sorted(listed, key=lambda token: int(token["id"])), strict=True):
        # Other tests use tokens, and some end with time.
        changing = {"usado", "vigente"}
        assert {name: now[name] for name in was.keys() - changing} == {
            name: was[name] for name in was.keys() - changing
        }


def test_servers_keep_their_numbers(live: LiveService) -> None:
    found = live.get("/servers?limit=1000", **bearer(secret("reader"))).json()["servers"]
    numbers = {post["id_serv"]: post["servidor"] for post in posts(201)}
    assert {server["servidor"] for server in found} == set(numbers.values())
    for server in found:
        # Another test may have posted a newer report of this server.
        if server["id_serv"] in numbers:
            assert server["servidor"] == numbers[server["id_serv"]]


def test_a_report_that_0_1_0_stored_is_known_as_a_retry(live: LiveService) -> None:
    documents = archived_documents(live.data)
    for post in posts(201)[::40]:
        document = documents[post["document"]]
        spelled_otherwise = json.dumps(json.loads(document), indent=3, sort_keys=True).encode()
        for body in (document, spelled_otherwise):
            answer = live.post(body, **bearer(secret("admin")))
            assert (answer.status, answer.json()["id_serv"]) == (200, post["id_serv"])


def test_documents_that_0_1_0_rejected_are_rejected(live: LiveService) -> None:
    for post in posts(400):
        answer = live.post(post["sent"].encode(), **bearer(secret("any")))
        assert answer.status == 400, post["sent"]


def test_new_reports_are_stored_after_the_old_ones(live: LiveService) -> None:
    documents = archived_documents(live.data)
    last = max(post["id_serv"] for post in posts(201))
    newest = [post for post in posts(201) if post["kind"] == "web-1"][-1]
    new: dict[str, Any] = json.loads(documents[newest["document"]])
    new["procesos"] = new["procesos"][1:]  # one ends, the others go on
    new["fecha_hora"] = "2026-11-21T08:00:00Z"
    # The client that 0.1.0 answered with 503 sends its report again, which the start has stored.
    (refused,) = [post for post in posts(503) if post["kind"] == "never stored"]
    for document, status in (
        (json.dumps(new).encode(), 201),
        (documents[refused["document"]], 200),
    ):
        answer = live.post(document, **bearer(secret("admin")))
        assert answer.status == status
        id_serv = answer.json()["id_serv"]
        assert id_serv > last
        record = live.get(f"/servers/{id_serv}", **bearer(secret("reader"))).json()
        sent = json.loads(document)
        assert counted(record["procesos"]) == counted(sent["procesos"])
        assert counted(record["usuarios_activos"]) == counted(sent["usuarios_activos"])
    assert_shown_as_before(live.database)


def counted(listed: list[dict[str, Any]]) -> Counter[tuple[object, ...]]:
    """Processes or logins, in what version 1 says of them."""
    return Counter((row["pid"], row["name"], row.get("username")) for row in listed)


def test_the_audit_log_goes_on(live: LiveService, tmp_path: Path) -> None:
    unpack(tmp_path)
    before = (tmp_path / "audit.jsonl").read_bytes()
    assert live.get("/tokens", **bearer(secret("admin"))).status == 200
    after = (live.data / "audit.jsonl").read_bytes()
    assert after.startswith(before)
    assert len(after) > len(before)


def test_the_files_hold_every_kind_of_report() -> None:
    """So that files made again do not silently test less."""
    kinds = {post["kind"] for post in manifest()["posts"]}
    assert {"late", "together", "of 2099", "of 1970", "out of a spool", "extreme"} <= kinds
    assert {post["status"] for post in manifest()["posts"]} == {200, 201, 400, 401, 403, 503}
    servers = relation("servers")
    shown = [dict(zip(servers.columns, row, strict=True)) for row in servers.rows]
    assert {row["version_esquema"] for row in shown} == {1, 2}
    assert {row["id_clonado"] for row in shown} == {0, 1}
    assert len({post["arrived"][:10] for post in posts(201)}) == 5
