"""A fleet that a real evaluator judges, by one rule and by `silencioso`."""

from __future__ import annotations

from pathlib import Path

from service import times
from service.config import Config
from service.policies.evaluator.evaluator import Evaluator
from service.report import Process, Profile, Report
from service.store.engines import open_database
from service.store.queries import load_queries
from service.store.write.reports import ReportStore
from tests.policies.rule_texts import write_rule
from tests.support import engine

WEB = Profile("10.0.0.1", "x86_64", "Intel", "Linux", "12", 2, "web-1", "6.1", "0.1", "logind", 0)
# Everywhere, and unknown on servers that do not list pid 1.
EVERYWHERE = ('-- aplica = { etiqueta = "entorno=produccion", so = ["Debian*"] }\n', "")
AT_ONCE = ('confirmar_tras = "2 informes", resolver_tras = "30m", gracia_nuevos = "24h"', "")
# The same as a rule about the fleet, f-rule.
FLEET = [
    ('"a-rule"', '"f-rule"'),
    ('"servidor"', '"flota"'),
    ("SELECT name", "SELECT servidor, name"),
    ("GROUP BY name", "GROUP BY servidor, name"),
    EVERYWHERE,
    AT_ONCE,
]
# A server fails by it while there is no other one.
LONELY = [
    ('"a-rule"', '"f-rule"'),
    ('"servidor"', '"flota"'),
    ("SELECT name, count(*) AS n", "SELECT servidor, name, count(*) AS n"),
    ("GROUP BY name", "AND 1 = (SELECT count(*) FROM servers_vigentes) GROUP BY servidor, name"),
    EVERYWHERE,
    AT_ONCE,
]


class Fleet:
    """A data folder with reports, and the rule a-rule, by which a program named bad fails."""

    def __init__(self, folder: Path) -> None:
        rules = folder / "rules"
        rules.mkdir()
        self.rule = write_rule(rules, EVERYWHERE, AT_ONCE)
        off = [p.stem for p in Path("sql/policies").glob("*.sql")]
        text = "".join(f"[{rule}]\nactiva = false\n" for rule in off if rule != "silencioso")
        (rules / "ajustes.toml").write_text(text, encoding="utf-8")
        self.config = Config(data=folder, policies=rules)
        self.database = open_database(self.config.database)
        self.database.migrate()
        self.store = ReportStore(self.database, load_queries())
        self.judge()
        # There have been rules for long.
        engine.execute(self.config.database, "UPDATE policy_text SET first_seen_at = 1")
        self.now = times.now()

    def add(self, ago: int, *names: str, machine: str = "m1") -> int:
        """A report that was taken so long ago, and arrived at once."""
        processes: list[Process] = [
            (1 + n, name, "root", 0) for n, name in enumerate(("init", *names))
        ]
        at = self.now - ago
        made = Report(at, WEB, processes, [], repr((ago, names)).encode(), [], machine)
        return self.store.add(made, at).id_serv

    def add_late(self, ago: int, *names: str) -> int:
        processes: list[Process] = [
            (1 + n, name, "root", 0) for n, name in enumerate(("init", *names))
        ]
        made = Report(self.now - ago, WEB, processes, [], repr((ago, names)).encode(), [], "m1")
        return self.store.add(made, self.now).id_serv

    def judge(self) -> None:
        """An evaluator that starts, brings everything up to date, and ends."""
        with Evaluator(self.config) as evaluator:
            evaluator.begin(look_seconds=0)
            while evaluator.work():
                pass

    def violations(self) -> engine.Rows:
        return engine.rows(
            self.config.database,
            "SELECT opened_after_report_id, opened_in_report_id, ended_report_id, ended_as, is_late"
            " FROM violation JOIN policy_text ON policy_text.id = text_id"
            " WHERE rule = 'a-rule' ORDER BY opened_in_at",
        )
