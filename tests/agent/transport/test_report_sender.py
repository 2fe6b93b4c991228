"""Which version of a report the API gets."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path

import pytest

from tests.agent.apis import Reply, scripted_api
from tests.agent.transport.reports import (
    BUSY,
    NO_VERSION_2,
    STORED,
    a_delivery,
    refuses,
    report,
    take,
)


def test_api_without_version_2_gets_version_1_for_a_day(
    spool_folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    with scripted_api(NO_VERSION_2, STORED, STORED, STORED, STORED, STORED) as api:
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, 1, 2)
        assert delivery.deliver() is None
        clock[0] += 86_000
        take(delivery, 3)
        assert delivery.deliver() is None
        clock[0] += 500
        take(delivery, 4, 5)
        assert delivery.deliver() is None
    sent = [json.loads(body) for _, _, body in api.requests]
    assert [document.get("version_esquema") for document in sent] == [2, *[None] * 3, 2, 2]
    assert sent[1]["procesos"] == [{"username": "u", "pid": 1, "name": "p"}]
    assert sent[1]["usuarios_activos"] == [{"pid": 5, "name": "u"}]
    assert len(sent[1]) == 8
    assert caplog.text.count("does not know version 2") == 1
    assert not (spool_folder / "rejected").exists()


def test_member_that_an_older_api_refuses_is_omitted_for_a_day(
    spool_folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Release 0.1.0 does not know the value desconocida."""
    caplog.set_level(logging.INFO)
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    with scripted_api(refuses("/fuente_usuarios"), *[STORED] * 3) as api:
        delivery = a_delivery(api.url, spool_folder)
        for number in (1, 2, 3):
            document = report(number)
            document["fuente_usuarios"] = "desconocida"
            delivery.take(document, f"report {number}")
            assert delivery.deliver() is None
            clock[0] += 43_201
    sent = [json.loads(body) for _, _, body in api.requests]
    sources = [document.get("fuente_usuarios") for document in sent]
    assert sources == ["desconocida", None, None, "desconocida"]
    assert all(document["version_esquema"] == 2 for document in sent)
    assert {**sent[0], "fuente_usuarios": None} == {**sent[1], "fuente_usuarios": None}
    assert caplog.text.count("refuses fuente_usuarios; omitting it for a day") == 1
    assert not (spool_folder / "rejected").exists()


def test_members_are_omitted_one_after_the_other_as_an_older_api_names_them(
    spool_folder: Path,
) -> None:
    """An API names ten faults at most, and each process has one."""
    refusals = [refuses("/procesos/0/inicio_ticks"), refuses("/id_arranque")]
    with scripted_api(*refusals, STORED, STORED) as api:
        delivery = a_delivery(api.url, spool_folder)
        for number in (1, 2):
            document = report(number)
            document["id_arranque"] = "328eedb2"
            document["procesos"][0]["inicio_ticks"] = 7
            delivery.take(document, f"report {number}")
            assert delivery.deliver() is None
    sent = [json.loads(body) for _, _, body in api.requests]
    assert [document.get("id_arranque") for document in sent] == ["328eedb2"] * 2 + [None] * 2
    assert [document["procesos"][0].get("inicio_ticks") for document in sent] == [7, *[None] * 3]
    assert all(document["procesos"][0]["ppid"] == 1 for document in sent)


def test_member_that_has_always_been_known_is_not_omitted(spool_folder: Path) -> None:
    with scripted_api(refuses("/usuarios_activos/0/terminal"), STORED) as api:
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, 1)
        assert delivery.deliver() is None
    assert len(api.requests) == 1
    assert len(list((spool_folder / "rejected").glob("*.json"))) == 1


def test_member_that_is_refused_wherever_it_stands_is_rejected(spool_folder: Path) -> None:
    """The API repeats itself; the agent does not."""
    with scripted_api(*[refuses("/fuente_usuarios")] * 2, STORED) as api:
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, 1)
        assert delivery.deliver() is None
    assert len(api.requests) == 2
    assert len(list((spool_folder / "rejected").glob("*.json"))) == 1


def test_retry_of_version_1_has_the_same_bytes(spool_folder: Path) -> None:
    with scripted_api(NO_VERSION_2, BUSY, STORED) as api:
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, 1)
        assert delivery.deliver() is not None
        assert delivery.deliver() is None
    assert api.requests[1][2] == api.requests[2][2]


def test_refused_version_1_is_rejected(spool_folder: Path) -> None:
    with scripted_api(NO_VERSION_2, Reply(400), STORED) as api:
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, 1, 2)
        assert delivery.deliver() is None
    assert len(list((spool_folder / "rejected").glob("*.json"))) == 1
    assert len(api.requests) == 3


def test_version_1_is_sent_if_configured(spool_folder: Path) -> None:
    with scripted_api(STORED) as api:
        delivery = a_delivery(api.url, spool_folder, version=1)
        take(delivery, 1)
        assert delivery.deliver() is None
    assert len(json.loads(api.requests[0][2])) == 8


def test_dropped_count_is_repeated_until_a_version_2_report_is_stored(spool_folder: Path) -> None:
    """Version 1 has no count, so the next report of version 2 contains it."""
    with scripted_api(NO_VERSION_2, STORED, STORED) as api:
        delivery = a_delivery(api.url, spool_folder, max_bytes=500)
        take(delivery, 1, 2, 3)
        assert delivery.deliver() is None
        assert delivery.waiting() == 0
        delivery = a_delivery(api.url, spool_folder)
        take(delivery, 4)
        assert delivery.deliver() is None
    assert json.loads(api.requests[0][2])["descartados"] == 2
    assert "descartados" not in json.loads(api.requests[1][2])
    assert json.loads(api.requests[2][2])["descartados"] == 2
    take(delivery, 5)
    [file] = spool_folder.glob("*-*.json")
    assert b"descartados" not in file.read_bytes()
