"""Packs of violations that an event opened, and no report: a day, a silence."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import falcon.testing
import pytest

from service.app import create_app
from service.policies.evaluator.evaluator import Evaluator
from service.times import DAY, HOUR, MINUTE, SECOND
from tests.support.judged_field import START, Arrival, Field, work


@pytest.fixture
def field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Field]:
    """A server that runs bad, which d-rule denies before noon; it is silent after midnight."""
    made = Field(tmp_path, monkeypatch)
    with closing(made.database), Evaluator(made.config) as evaluator:
        evaluator.begin(look_seconds=0)
        for at in (DAY - 20 * MINUTE, DAY - 10 * MINUTE):
            made.now = START + at
            made.add(Arrival(made.now, made.now, "m0", ("bad",)))
            made.now += 2 * SECOND
            work(evaluator)
        for at in (DAY + 2 * SECOND, DAY + 2 * HOUR):
            made.now = START + at
            work(evaluator)
        yield made


def pack(field: Field, rule: str) -> tuple[str, dict[str, Any]]:
    """The folder of the pack of the violation of a rule, and its JSON files."""
    client = falcon.testing.TestClient(
        create_app(field.config, field.database), headers={"Host": "localhost"}
    )
    (violation,) = client.simulate_get("/violaciones", params={"politica": rule}).json[
        "violaciones"
    ]
    assert violation["abierta_en_id_serv"] is None
    answer = client.simulate_get(f"/violaciones/{violation['id']}/evidencia")
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        files = {name.partition("/")[2]: packed.read(name) for name in packed.namelist()}
        (folder,) = {name.partition("/")[0] for name in packed.namelist()}
    return folder, {
        name: json.loads(content) for name, content in files.items() if name.endswith(".json")
    }


@pytest.mark.parametrize("rule", ["d-rule", "silencioso"])
def test_it_has_the_record_that_was_the_newest_and_the_verdicts_of_the_event(
    field: Field, rule: str
) -> None:
    folder, files = pack(field, rule)
    manifest = files["manifiesto.json"]
    assert manifest["registro"]["id_serv"] == 2
    (violation,) = files["violacion.json"]["violaciones"]
    assert manifest["veredictos_en"] == violation["abierta_en"]
    assert manifest["veredictos_en"] > manifest["registro"]["lugar"]
    verdicts = files["veredictos.json"]["cumplimiento"]
    assert {each["politica"]: each["veredicto"] for each in verdicts}[rule] == "falla"
    assert rule in {each["politica"] for each in files["violaciones.json"]["violaciones"]}
    if rule == "d-rule":
        assert folder.endswith("-20261103T000000Z")
