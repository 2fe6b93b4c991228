"""Pages warn of a rule that applies to no server, and of a tag that nobody has."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from falcon import testing

from service.app import create_app
from service.policies.evaluator.evaluator import Evaluator
from service.times import MINUTE, SECOND
from tests.pages.test_fleet_page import text_of
from tests.policies.rule_texts import write_rule
from tests.support.judged_field import START, Arrival, Field, Telling, work

# Both fields of `aplica`: a tag, and a system that the servers do not have.
NOBODY = "applies to no server: none has the tag entorno=produccion"
NOWHERE = "applies to no server"


def test_a_rule_that_applies_to_no_server_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    field = Field(tmp_path / "var", monkeypatch)
    rules = field.config.policies or Path()
    settings = rules / "ajustes.toml"
    write_rule(rules, ('"a-rule"', '"p-rule"'), name="p-rule")
    client = testing.TestClient(
        create_app(field.config, field.database),
        headers={"Host": "localhost", "Accept-Language": "en"},
    )

    def shown(address: str) -> str:
        return text_of(client.simulate_get(address).text).replace(" .", ".")

    with closing(field.database):
        field.add(Arrival(START + SECOND, START, "m0", ()))
        for minute, change, warning in (
            (1, lambda: None, NOBODY),
            (2, lambda: field.tell(Telling(field.now, "m0", "produccion")), NOWHERE),
            (3, lambda: settings.write_text(settings.read_text() + ADJUSTED), None),
        ):
            field.now = START + minute * MINUTE
            change()
            field.now += 5 * SECOND
            with Evaluator(field.config) as evaluator:
                evaluator.begin(look_seconds=0)
                work(evaluator)
            field.now += 5 * SECOND
            told = f"Warning: this rule {warning}."
            assert (told in shown("/regla/p-rule")) == (warning is not None), minute
            assert "this rule applies" not in shown("/regla/a-rule")
            row = shown("/reglas").partition("p-rule")[2]
            assert shown("/reglas").count(NOWHERE) == (warning is not None), row
            assert (NOBODY in shown("/reglas")) == (warning == NOBODY)
            before = "fecha_hora=2026-11-02T00:00:30"
            assert NOWHERE not in shown(f"/reglas?{before}") + shown(f"/regla/p-rule?{before}")


ADJUSTED = '\n[p-rule]\naplica = { so = "Linux*" }\n'
