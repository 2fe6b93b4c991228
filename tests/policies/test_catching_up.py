"""An evaluator that was behind, or off, gives what one gave that was always there."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from service import times
from service.config import Config
from service.policies.evaluator import Evaluator
from service.report import Process, Profile, Report
from service.store.engines import open_database
from service.store.queries import load_queries
from service.store.write.reports import ReportStore
from service.store.write.verdicts import VerdictStore
from service.times import DAY, HOUR, MINUTE, SECOND
from tests.policies.rule_texts import write_rule
from tests.support import engine

START = 1_793_577_600 * SECOND  # 2026-11-02, midnight UTC
WEB = Profile("10.0.0.1", "x86_64", "Intel", "Linux", "12", 2, "web-1", "6.1", "0.1", "logind", 0)
EVERYWHERE = ('-- aplica = { etiqueta = "entorno=produccion", so = ["Debian*"] }\n', "")
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


class Field:
    """A data folder, by a clock of its own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = START
        monkeypatch.setattr(times, "now", lambda: self.now)
        rules = folder / "rules"
        rules.mkdir(parents=True)
        write_rule(rules, EVERYWHERE)
        write_rule(rules, *BY_HOUR, EVERYWHERE, name="h-rule")
        write_rule(rules, *BY_DAY, EVERYWHERE, name="d-rule")
        off = [p.stem for p in Path("sql/policies").glob("*.sql") if p.stem != "silencioso"]
        text = "".join(f"[{rule}]\nactiva = false\n" for rule in off)
        (rules / "ajustes.toml").write_text(text, encoding="utf-8")
        self.config = Config(data=folder, policies=rules)
        self.database = open_database(self.config.database)
        self.database.migrate()
        self.store = ReportStore(self.database, load_queries())

    def add(self, arrival: Arrival) -> None:
        processes: list[Process] = [
            (1 + n, name, "root", 0) for n, name in enumerate(("init", *arrival.names))
        ]
        digest = repr(arrival).encode()
        made = Report(arrival.taken_at, WEB, processes, [], digest, [], arrival.machine)
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


def live(field: Field, arrivals: list[Arrival], end: int, deaf: tuple[int, int] | None) -> None:
    """Judges whatever comes when it comes."""
    with Evaluator(field.config) as evaluator:
        evaluator.begin(look_seconds=0)
        waiting = iter([*arrivals, None])
        following = next(waiting)
        for step in range(START, end + 1, 15 * MINUTE):
            while following is not None and following.at <= step:
                field.now = following.at
                field.add(following)
                _work(evaluator)
                following = next(waiting)
            field.now = step
            if deaf is not None and deaf[0] < step <= deaf[1]:
                if step == deaf[1]:
                    field.be_deaf(*deaf)
                continue
            _work(evaluator)


def _work(evaluator: Evaluator) -> None:
    while evaluator.work():
        pass


@pytest.fixture
def fields(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Field, Field]]:
    first, second = (Field(tmp_path / name, monkeypatch) for name in ("live", "behind"))
    with closing(first.database), closing(second.database):
        yield first, second


def _compare(
    fields: tuple[Field, Field], seed: int, length: int, machines: int, *, is_deaf: bool
) -> None:
    steady, behind = fields
    arrivals = random_arrivals(random.Random(seed), length, machines)
    end = START + length + 2 * HOUR
    deaf = (START + 5 * HOUR, START + 9 * HOUR) if is_deaf else None
    if deaf is not None:
        arrivals = [one for one in arrivals if not deaf[0] <= one.at <= deaf[1]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(times, "now", lambda: steady.now)
        live(steady, arrivals, end, deaf)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(times, "now", lambda: behind.now)
        with Evaluator(behind.config) as evaluator:
            evaluator.begin(look_seconds=0)
            _work(evaluator)
        for arrival in arrivals:
            behind.add(arrival)
        if deaf is not None:
            behind.be_deaf(*deaf)
        behind.now = end
        with Evaluator(behind.config) as evaluator:
            evaluator.begin(look_seconds=0)
            _work(evaluator)
    for expected, given in zip(steady.rows(), behind.rows(), strict=True):
        assert given == expected, seed
    assert {row[0] for row in steady.rows()[0]} == {"a-rule", "d-rule", "h-rule", "silencioso"}


def test_an_evaluator_that_was_off_gives_what_one_gave_that_ran(
    fields: tuple[Field, Field],
) -> None:
    _compare(fields, 1, 12 * HOUR, 2, is_deaf=False)


@pytest.mark.torture
@pytest.mark.parametrize("is_deaf", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_an_evaluator_that_was_off_for_days_gives_what_one_gave_that_ran(
    fields: tuple[Field, Field], seed: int, *, is_deaf: bool
) -> None:
    _compare(fields, seed, 3 * DAY, 3, is_deaf=is_deaf)


# `seen_at` tells of silence, which is a matter of arrival.
BY_PLACE = (
    "SELECT server_id, opened_after_at, opened_in_at, confirmed_at, cleared_at, ended_at,"
    " relapses FROM violation JOIN policy_text ON policy_text.id = text_id"
    " WHERE rule = 'a-rule' ORDER BY 1, 3"
)


def _spool(fields: tuple[Field, Field], seed: int, length: int, machines: int) -> None:
    steady, spooled = fields
    generator = random.Random(seed)
    arrivals = [
        one._replace(at=one.taken_at + SECOND)
        for one in random_arrivals(generator, length, machines)
        if one.taken_at >= START  # when there are rules
    ]
    arrivals.sort()
    for field, moves in ((steady, False), (spooled, True)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(times, "now", lambda now=field: now.now)
            with Evaluator(field.config) as evaluator:
                evaluator.begin(look_seconds=0)
                for number, one in enumerate(arrivals):
                    field.now = START + length + number if moves else one.at
                    field.add(one._replace(at=field.now))
                    if not moves:
                        _work(evaluator)
                _work(evaluator)
    expected = engine.rows(steady.config.database, BY_PLACE)
    assert len(expected) > 0
    assert engine.rows(spooled.config.database, BY_PLACE) == expected, seed


def test_a_drained_spool_gives_what_live_reports_gave(fields: tuple[Field, Field]) -> None:
    _spool(fields, 3, 12 * HOUR, 1)


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(8))
def test_drained_spools_of_days_give_what_live_reports_gave(
    fields: tuple[Field, Field], seed: int
) -> None:
    _spool(fields, seed, 3 * DAY, 2)
