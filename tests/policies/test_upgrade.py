"""A populated database of 0.1.0 is judged: silence is no compliance, and nothing is made up."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from service import times
from service.config import Config
from service.maintenance.startup import prepare_data_folder
from service.policies.evaluator.evaluator import Evaluator
from service.report import Process, Report
from service.store.engines import open_database
from service.store.queries import load_queries
from service.store.read.evaluation import Evaluation, EvaluationReader
from service.store.write.reports import ReportStore
from tests.support import engine
from tests.support.judged_fleet import WEB
from tests.support.release_0_1_0 import unpack

pytestmark = pytest.mark.torture


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """The data folder of 0.1.0, upgraded."""
    folder = tmp_path / "var"
    unpack(folder)
    config = Config(data=folder, fleet_every=1)
    prepare_data_folder(config)
    return config


def judged(config: Config) -> Evaluation:
    """What an evaluator finds that starts now."""
    with Evaluator(config) as evaluator:
        evaluator.begin(look_seconds=0)
        evaluator.catch_up()
    with closing(open_database(config.database)) as database:
        return EvaluationReader(database, load_queries()).read(times.now())


def test_servers_that_said_their_last_long_ago_are_unknown_and_open_nothing(
    config: Config,
) -> None:
    found = judged(config)
    servers = engine.rows(config.database, "SELECT count(*) FROM server")[0][0]
    assert servers > 5
    states = Counter((each.rule, each.state, each.reason) for each in found.verdicts)
    assert states.pop(("silencioso", "falla", None)) == servers
    assert {(state, reason) for _, state, reason in states} == {
        ("desconocido", "silencio"),
        ("no_aplica", "consulta"),  # rules that look at the host, for containers
        ("no_aplica", "etiqueta"),  # rules about production
    }
    assert sum(states.values()) == servers * (len({rule for rule, _, _ in states}))
    # No report of the past was judged, so each began before all that was.
    assert {(each.rule, each.opened_after_at) for each in found.violations} == {
        ("silencioso", None)
    }


def test_a_server_that_reports_again_fails_since_that_report_or_before(config: Config) -> None:
    judged(config)
    now = times.now()
    (number, address), *_ = engine.rows(
        config.database, "SELECT id, identity FROM server WHERE identity LIKE 'ip:%' ORDER BY id"
    )
    profile = WEB._replace(ipaddress=address.removeprefix("ip:"))
    processes: list[Process] = [(1, "init", "root", 0), (7, "in.telnetd", "root", 0)]
    report = Report(now, profile, processes, [], b"again")
    with closing(open_database(config.database)) as database:
        id_serv = ReportStore(database, load_queries()).add(report, now).id_serv
    found = judged(config)
    (violation,) = [each for each in found.violations if each.rule == "servicio-telnet"]
    assert violation.server_id == number
    assert (violation.opened_after_at, violation.opened_in_at) == (None, now)
    shown = {each.rule: each.state for each in found.verdicts if each.server_id == number}
    assert (shown["servicio-telnet"], shown["silencioso"]) == ("falla", "cumple")
    (ended,) = engine.rows(
        config.database,
        "SELECT ended_report_id, ended_as FROM violation"
        " JOIN policy_text ON policy_text.id = text_id WHERE rule = 'silencioso' AND server_id = ?",
        (number,),
    )
    assert ended == (id_serv, "resuelta")
