"""Data folders with servers that report for days, and evaluators that judge them by a clock."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from service import times
from service.auth.audit_log import AuditLog
from service.config import Config
from service.errors import ServerRetiredError, TagNotFoundError
from service.policies.evaluator.evaluator import Evaluator
from service.report import Process, Profile, Report
from service.store.engines import open_database
from service.store.queries import load_queries
from service.store.write.reports import ReportStore
from service.store.write.retirement_changes import Retirements
from service.store.write.tag_changes import TagChanges, TagEdit
from service.store.write.verdicts import VerdictStore
from service.times import DAY, HOUR, MINUTE, SECOND
from tests.policies.rule_texts import write_rule
from tests.support import engine

START = 1_793_577_600 * SECOND  # 2026-11-02, midnight UTC
WEB = Profile("10.0.0.1", "x86_64", "Intel", "Linux", "12", 2, "web-1", "6.1", "0.1", "logind", 0)
EVERYWHERE = ('-- aplica = { etiqueta = "entorno=produccion", so = ["Debian*"] }\n', "")
# By the tag alone: everything else is that of a-rule, or of f-rule.
TAGGED = [('"a-rule"', '"t-rule"'), (', so = ["Debian*"] }', " }")]
AT_NIGHT = 'etiquetas = { entorno = "produccion" }, ahora = "2026-01-01 01:00:00.000000"'
BY_HOUR = [
    ('"a-rule"', '"h-rule"'),
    ('-- ambito = "servidor"\n', '-- ambito = "servidor"\n-- reloj = "hora"\n'),
    ('etiquetas = { entorno = "produccion" }', AT_NIGHT),
    ("'bad'", "'bad' AND CAST(substr(:ahora, 12, 2) AS INTEGER) % 4 < 2"),
]
BY_DAY = [
    ('"a-rule"', '"d-rule"'),
    ('-- ambito = "servidor"\n', '-- ambito = "servidor"\n-- reloj = "dia"\n'),
    ('etiquetas = { entorno = "produccion" }', AT_NIGHT),
    ("'bad'", "'bad' AND substr(:ahora, 12, 2) < '12'"),
]
_BAD = "procesos_vigentes WHERE name = 'bad'"
# A name that runs on one server only.
ALONE = [
    ('"a-rule"', '"f-rule"'),
    ('"servidor"', '"flota"'),
    ("SELECT name", "SELECT servidor, name"),
    ("'bad'", f"'bad' AND 1 = (SELECT count(DISTINCT servidor) FROM {_BAD})"),
    ("GROUP BY name", "GROUP BY servidor, name"),
]
TAGGED_ALONE = [*ALONE, ('"f-rule"', '"g-rule"'), (', so = ["Debian*"] }', " }")]
FLEET_EVERY = 15 * MINUTE
ROWS = (
    (
        "SELECT rule, server_id, hex(digest), key, opened_after_at, opened_after_mark,"
        " opened_in_at,"
        " opened_in_mark, confirmed_at, confirmed_mark, seen_at, seen_mark, cleared_at, ended_at,"
        " ended_mark, ended_as, ended_known_at, relapses, is_late, hex(former_digest),"
        " hex(continues_digest), case_since_at, evidence, yes_count, no_count, no_time"
        " FROM violation JOIN policy_text ON policy_text.id = text_id ORDER BY 1, 2, 3"
    ),
    (
        "SELECT rule, server_id, state, reason, after_at, after_mark, first_at, first_received_at,"
        " first_mark, last_at, last_mark, until_at, until_received_at, until_mark"
        " FROM verdict_span JOIN policy_text ON policy_text.id = text_id ORDER BY 1, 2, 7"
    ),
    (
        "SELECT rule, server_id, since_at, until_at, known_at, known_mark, is_known"
        " FROM judgement JOIN policy_text ON policy_text.id = text_id ORDER BY 1, 2, 3"
    ),
    "SELECT server_id, seq, late_seq, event_at, event_mark, hour_at, day_at FROM judged ORDER BY 1",
    (
        "SELECT hex(violation.digest), report_id FROM late_sighting"
        " JOIN violation ON violation.id = violation_id ORDER BY 1, 2"
    ),
)


class Arrival(NamedTuple):
    """A report: when it arrives, when it was taken, of whom, and what runs there."""

    at: int
    taken_at: int
    machine: str
    names: tuple[str, ...]
    boot: str | None = None  # two boots of one machine at a time are clones


class Telling(NamedTuple):
    """A tag of a machine is told. value: of `entorno`, null to remove it."""

    at: int
    machine: str
    value: str | None


class Retiring(NamedTuple):
    """A machine is retired."""

    at: int
    machine: str


Told = Telling | Retiring


class Field:
    """A data folder, by a clock of its own."""

    def __init__(
        self,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        *,
        with_fleet: bool = False,
        with_tags: bool = False,
    ) -> None:
        self.now = START
        monkeypatch.setattr(times, "now", lambda: self.now)
        rules = folder / "rules"
        rules.mkdir(parents=True)
        write_rule(rules, EVERYWHERE)
        if with_tags:
            write_rule(rules, *TAGGED, name="t-rule")
        write_rule(rules, *BY_HOUR, EVERYWHERE, name="h-rule")
        write_rule(rules, *BY_DAY, EVERYWHERE, name="d-rule")
        if with_fleet:
            write_rule(rules, *ALONE, EVERYWHERE, name="f-rule")
        if with_fleet and with_tags:
            write_rule(rules, *TAGGED_ALONE, name="g-rule")
        off = [p.stem for p in Path("sql/policies").glob("*.sql") if p.stem != "silencioso"]
        text = "".join(f"[{rule}]\nactiva = false\n" for rule in off)
        (rules / "ajustes.toml").write_text(text, encoding="utf-8")
        self.config = Config(data=folder, policies=rules, fleet_every=FLEET_EVERY // SECOND)
        self.database = open_database(self.config.database)
        self.database.migrate()
        self.store = ReportStore(self.database, load_queries())
        audit = AuditLog(folder / "audit.jsonl")
        self._tags = TagChanges(self.database, load_queries(), audit, lambda: self.now)
        self._retirements = Retirements(self.database, load_queries(), audit, lambda: self.now)

    def take(self, what: Arrival | Told) -> None:
        if isinstance(what, Arrival):
            self.add(what)
        elif isinstance(what, Retiring):
            self.retire(what)
        else:
            self.tell(what)

    def retire(self, what: Retiring) -> None:
        """Nothing of a machine that has not reported yet, or is retired."""
        query = "SELECT id FROM server WHERE identity = ? AND sibling = 0"
        for (server_id,) in engine.rows(self.config.database, query, (f"id:{what.machine}",)):
            with suppress(ServerRetiredError):
                self._retirements.retire(server_id, "sold", "ana")

    def tell(self, what: Telling) -> None:
        """Nothing of a machine that has not reported yet, or has no tag to remove."""
        query = "SELECT id FROM server WHERE identity = ? AND sibling = 0"
        servers = engine.rows(self.config.database, query, (f"id:{what.machine}",))
        for (server_id,) in servers:
            with suppress(TagNotFoundError):
                self._tags.tell([TagEdit(server_id, "entorno", what.value)], "ana")

    def freeze(self, machine: str) -> None:
        """The changes of a machine are frozen."""
        query = "SELECT id FROM server WHERE identity = ?"
        ((server_id,),) = engine.rows(self.config.database, query, (f"id:{machine}",))
        self._tags.tell([TagEdit(server_id, "cambios", "congelados")], "ana")

    def add(self, arrival: Arrival) -> None:
        processes: list[Process] = [
            (1 + n, name, "root", 0) for n, name in enumerate(("init", *arrival.names))
        ]
        digest = repr(arrival).encode()
        profile = WEB._replace(
            boot_id=arrival.boot, booted_at=None if arrival.boot is None else START - HOUR
        )
        made = Report(arrival.taken_at, profile, processes, [], digest, [], arrival.machine)
        self.store.add(made, arrival.at)

    def be_deaf(self, since: int, until: int) -> None:
        with self.database.transaction() as connection:
            VerdictStore(load_queries()).add_deaf_span(connection, since, until)

    def rows(self) -> list[engine.Rows]:
        return [engine.rows(self.config.database, query) for query in ROWS]


def random_arrivals(generator: random.Random, length: int, machines: int) -> list[Arrival]:
    """Servers that report each half an hour or so; some fall silent, and some send a spool."""
    arrivals: list[Arrival] = []
    for number in range(machines):
        at, held = START + MINUTE, list[Arrival]()
        is_bad = is_holding = False
        while at < START + length:
            if generator.random() < 0.2:
                is_bad = not is_bad
            names = ("bad",) if is_bad else ()
            report = Arrival(at + SECOND, at, f"m{number}", names)
            if is_holding:
                held.append(report)
            else:
                arrivals.append(report)
            if generator.random() < 0.15:
                is_holding = not is_holding
                arrivals += [other._replace(at=at + 2 * SECOND + n) for n, other in enumerate(held)]
                held.clear()
            if generator.random() < 0.1:  # a late one
                taken = at - generator.randrange(5 * HOUR)
                arrivals.append(Arrival(at + 5 * SECOND, taken, f"m{number}", ("bad",)))
            at += generator.choice([20 * MINUTE, 30 * MINUTE, 30 * MINUTE, 7 * HOUR])
    return sorted(arrivals)


def random_tellings(generator: random.Random, length: int, machines: int) -> list[Telling]:
    """Tags that change every few hours, whether the machine reports or is silent."""
    tellings: list[Telling] = []
    for number in range(machines):
        at = START + HOUR
        while at < START + length:
            value = generator.choice(["produccion", "produccion", "pruebas", None])
            tellings.append(Telling(at + generator.randrange(HOUR), f"m{number}", value))
            at += generator.choice([HOUR, 2 * HOUR, 5 * HOUR])
    return tellings


def random_retirings(generator: random.Random, length: int, machines: int) -> list[Retiring]:
    """Each machine is retired now and then, whether it reports or is silent."""
    return [
        Retiring(START + generator.randrange(HOUR, length), f"m{number}")
        for number in range(machines)
        for _ in range(3)
    ]


def odd_arrivals(generator: random.Random, length: int) -> list[Arrival]:
    """A machine and its clone, and one whose clock is set, stands still and is zoned wrongly."""
    arrivals: list[Arrival] = []
    at, frozen, ahead = START + MINUTE, START, 0
    while at < START + length:
        names = ("bad",) if generator.random() < 0.4 else ()
        boot = generator.choice(["one", "two"]) if at > START + length // 3 else "one"
        arrivals.append(Arrival(at + SECOND, at, "m0", names, boot))
        kind = generator.choice(["right", "right", "set", "still"])
        if kind == "set":
            ahead = generator.choice([0, 0, 3 * HOUR, -2 * HOUR, 40 * DAY])
        taken = frozen if kind == "still" else at + ahead
        frozen = taken
        arrivals.append(Arrival(at + 2 * SECOND, taken, "m1", names))
        at += generator.choice([10 * MINUTE, 10 * MINUTE, 30 * MINUTE, 2 * HOUR])
    return sorted(arrivals)


def in_order(arrivals: Sequence[Arrival], told: Sequence[Told]) -> list[Arrival | Told]:
    both: list[Arrival | Told] = [*arrivals, *told]
    return sorted(both, key=lambda what: what.at)


def live(
    field: Field,
    arrivals: list[Arrival],
    end: int,
    deaf: tuple[int, int] | None,
    told: Sequence[Told] = (),
) -> None:
    """Judges whatever comes when it comes."""
    with Evaluator(field.config) as evaluator:
        evaluator.begin(look_seconds=0)
        waiting = iter([*in_order(arrivals, told), None])
        following = next(waiting)
        for step in range(START, end + 1, 15 * MINUTE):
            while following is not None and following.at <= step:
                field.now = following.at
                field.take(following)
                work(evaluator)
                following = next(waiting)
            field.now = step
            if deaf is not None and deaf[0] < step <= deaf[1]:
                if step == deaf[1]:
                    field.be_deaf(*deaf)
                continue
            work(evaluator)


def work(evaluator: Evaluator) -> None:
    evaluator._ticks._not_before = 0.0  # by the clock of this computer
    while evaluator.work():
        pass
