"""A back-test counts the alerts that live would have sent, by what was waived then."""

from __future__ import annotations

import csv
import io
from contextlib import closing
from pathlib import Path

import pytest

from service.times import MINUTE, SECOND
from tests.commands.test_backtest import AT_ONCE, tried
from tests.policies.rule_texts import write_rule
from tests.support import engine
from tests.support.judged_field import EVERYWHERE, START, Arrival, Field

ADD = "INSERT INTO waiver (rule, server_id, reason, at, until_at) VALUES (?, 1, 'x', ?, ?)"


def test_alerts_are_counted_by_what_was_waived_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    field = Field(tmp_path, monkeypatch)
    rule = write_rule(tmp_path, EVERYWHERE, AT_ONCE)
    with closing(field.database):
        for minute in range(5, 60, 5):  # it fails from 30 to 40
            at = START + minute * MINUTE
            field.add(Arrival(at + SECOND, at, "m0", ("bad",) if minute in (30, 35) else ()))
        field.now = START + 180 * MINUTE
        for name, since, until, alerts in (
            ("a-rule", 20, 50, "0"),
            ("a-rule", 20, 32, "1"),
            ("a-rule", 31, 50, "1"),
            ("another", 20, 50, "1"),
        ):
            times = START + since * MINUTE, START + until * MINUTE
            engine.execute(field.config.database, ADD, (name, *times))
            assert tried(field, rule, "--csv") == 0
            engine.execute(field.config.database, "DELETE FROM waiver")
            (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
            assert row["alertas"] == alerts, (name, since, until)
