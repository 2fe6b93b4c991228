"""Reports with what shipped rules look for, and two judges of them: by what they see, by all."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from service import times
from service.policies.evaluator.in_force import RuleInForce
from service.policies.evaluator.record_judge import RecordJudge
from service.policies.evaluator.task import Task
from service.policies.guard.guard import Guard, Request
from service.policies.guard.judged_rule import JudgedRule
from service.policies.guard.verdict import Verdict
from service.policies.rules.data_files import DataFiles
from service.policies.rules.folders import read_policies
from service.policies.rules.places import TABLES_SCRIPT
from service.policies.rules.rule import Rule
from service.report import Process, ProcessDetails, Profile, Report
from service.store.engines import Database
from service.store.engines.image import ImageBuilder
from service.store.queries import load_queries
from service.store.read.tags import Told
from service.store.read.unjudged import JudgedServer
from service.store.verdict_rows import Bound, Cursor
from service.times import HOUR, MINUTE
from tests.support.engine import SqliteEngine

START = times.parse("2026-01-15 12:00:00")
PROFILE = Profile(
    "10.0.0.1", "x86_64", "Intel", "Debian GNU/Linux", "12", 2, "web-1", "6.1", "1.0.0", "logind",
    START - 30 * 24 * HOUR, None,
)  # fmt: skip
_OTHER_VALUES: dict[str, Sequence[Any]] = {
    "nucleo": [None, "6.1", "6.2"],
    "version_so": ["8", "12"],
    "fuente_usuarios": [None, "logind", "desconocida"],
    "version_agente": [None, "0.1.0", "1.0.0"],
}
_KERNEL = [(2, 0, "kthreadd"), (9, 2, "kworker/0:1"), (17, 2, "kswapd0")]
_ORDINARY = ["systemd", "cron", "sshd", "bash", "chronyd", "auditd", "rsyslogd"]
_DETAILS = ("ppid", "ejecutable", "linea_comando")
Row = tuple[Process, ProcessDetails]


class Fleet:
    """Two servers, on which what the cases of shipped rules name comes and goes."""

    def __init__(self, seed: int, rules: Collection[Rule]) -> None:
        self._random = random.Random(seed)
        cases = [case for rule in rules for case in rule.cases]
        self._processes = [made for case in cases for made in case.get("procesos", ())]
        self._processes += [{"name": name, "username": "root", "ppid": 1} for name in _ORDINARY]
        self._processes += [
            {"name": name, "linea_comando": f"{name} x"} for name in ("bad", "rare")
        ]
        self._logins = [made for case in cases for made in case.get("usuarios", ())]
        self.tags = sorted({tag for case in cases for tag in case.get("etiquetas", {}).items()})
        self._running: dict[int, list[Row]] = {
            number: [self._row(pid, {"name": name, "username": "root", "ppid": ppid})
                     for pid, ppid, name in [(1, 0, "systemd"), *_KERNEL]]
            for number in (1, 2)
        }  # fmt: skip
        self._open: dict[int, list[tuple[Any, ...]]] = {1: [], 2: []}
        self._profile = PROFILE

    def _row(self, pid: int, made: Mapping[str, Any]) -> Row:
        """A process of a case, of which an agent tells mostly all, and sometimes nothing more."""
        name = made.get("name")
        told = {"ppid": 1, "ejecutable": f"/usr/bin/{name}", "linea_comando": name}
        told["username"] = self._random.choice(["root", "ana", "www-data"])
        made = {**(told if self._random.random() < 0.95 else {}), **made}
        ppid, executable, line = (made.get(column) for column in _DETAILS)
        return (pid, name, made.get("username"), None), (ppid, executable, line)

    def report(self, number: int, at: int) -> Report:
        chance, running = self._random.random, self._running[number]
        if chance() < 0.5:
            gone = self._random.sample(running, min(len(running), self._random.randrange(4)))
            running[:] = [row for row in running if row not in gone]
            for made in self._random.sample(self._processes, self._random.randrange(4)):
                running.append(self._row(self._random.randrange(1, 3000), made))
        if chance() < 0.2:
            self._open[number] = [
                (made.get("pid", 829), made.get("username"), made.get("terminal", "pts/0"),
                 made.get("origen"), self._random.choice([None, at - HOUR]))
                for made in self._random.sample(self._logins, self._random.randrange(3))
            ]  # fmt: skip
        if chance() < 0.1:
            column = self._random.choice(sorted(_OTHER_VALUES))
            value = self._random.choice(_OTHER_VALUES[column])
            self._profile = self._profile._replace(**{column: value})
        if chance() < 0.05:
            self._profile = self._profile._replace(booted_at=at - MINUTE)
        return Report(
            at,
            self._profile._replace(nombre_host=f"host-{number}"),
            [process for process, _ in running],
            list(self._open[number]),
            self._random.randbytes(16),
            [details for _, details in running],
            f"m{number}",
            self._random.choices([None, 3], [30, 1])[0],
        )


class Both:
    """Judges reports by what rules can see, and by all of their rows."""

    def __init__(self, folder: Path, rules: Sequence[Rule]) -> None:
        self._resources = ExitStack()
        self.engine = SqliteEngine(folder / "compliance.db")
        self._resources.callback(self.engine.close)
        self.database: Database = self.engine.migrated()
        script = TABLES_SCRIPT.read_text(encoding="utf-8")
        self.asked: list[Collection[str] | None] = []
        self._judges = [
            RecordJudge(
                load_queries(),
                self._resources.enter_context(guard),
                self._resources.enter_context(ImageBuilder(script, folder / "compliance.db")),
                sees=sees,
            )
            for guard, sees in ((Noting(self.asked), True), (Guard(), False))
        ]
        self.use(rules)

    def use(self, rules: Sequence[Rule]) -> None:
        """Replaces the rules."""
        data: DataFiles = read_policies().data
        for judge in self._judges:
            inspections = judge._guard.load(map(JudgedRule.of, rules), data.tables())
            judge.use(
                {
                    rule.id: RuleInForce(rule, rule.id, "", "{}", inspections[rule.id], number)
                    for number, rule in enumerate(rules, 1)
                }
            )

    def judge(self, server: int, seq: int, now: int) -> Mapping[str, Verdict]:
        """The verdicts, which are the same both ways."""
        found: list[Mapping[str, Verdict]] = []
        for judge in self._judges:
            bound = Bound(1, now, now, None)
            task = Task(
                JudgedServer(server, f"m{server}", 0, START, now, None),
                seq, now, Cursor(server), bound, "", report_at=now, told=Told(),
            )  # fmt: skip
            judge.judge([task])
            found.append(task.verdicts)
        seen, whole = found
        assert seen == whole
        assert list(seen) == list(whole)
        return seen

    def close(self) -> None:
        self._resources.close()


class Noting(Guard):
    """Notes of which rules it is asked, for each server."""

    def __init__(self, asked: list[Collection[str] | None]) -> None:
        super().__init__()
        self._noted = asked

    def judge(self, requests: Sequence[Request]) -> Any:
        self._noted += [request.only for request in requests]
        return super().judge(requests)
